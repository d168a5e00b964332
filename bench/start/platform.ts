/** The local platform in a process of its own: says `ready` when it is, and ends when its input is closed. */
import { startStack } from '../../src/local/stack.ts'

const [dataDir = ''] = process.argv.slice(2)
const stack = await startStack({ dataDir })
console.log('ready')
process.stdin.on('end', () => void stack.stop().then(() => process.exit(0)))
process.stdin.resume()
