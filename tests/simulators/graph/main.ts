/**
 * The simulator in a process of its own: `node main.ts '{"world":{"conversations":10000,"messages":200000}}'`. Prints its
 * URL on one line. Ends with SIGTERM, or with the process that started it through `spawnGraphSimulator`.
 */
import { startGraphSimulator } from './server.ts'

const simulator = await startGraphSimulator(JSON.parse(process.argv[2] ?? '{}'))
console.log(simulator.url)
const end = () => {
  void simulator.stop().then(() => process.exit(0))
}
process.once('SIGTERM', end)
process.once('SIGINT', end)
process.once('disconnect', end)
