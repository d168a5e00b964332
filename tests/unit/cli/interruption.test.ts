import { expect, it } from 'vitest'
import { interruption, isInterruption } from '../../../src/cli/interruption.ts'

it('a Ctrl-C that comes twice is one, and a later one ends the process', () => {
  let time = 1_000
  let ended = 0
  const { signal, stop } = interruption(
    () => time,
    () => {
      ended += 1
    },
  )
  expect(signal.aborted).toBe(false)
  stop()
  time += 499
  stop()
  expect({ aborted: signal.aborted, ended }).toEqual({ aborted: true, ended: 0 })
  time += 1
  stop()
  expect(ended).toBe(1)
})

it('what fails otherwise after somebody asked to stop is no interruption', () => {
  const controller = new AbortController()
  const stop = new Error('stop')
  expect(isInterruption(undefined, controller.signal)).toBe(false)
  controller.abort(stop)
  expect(isInterruption(stop, controller.signal)).toBe(true)
  expect(isInterruption(new Error('stop'), controller.signal)).toBe(false)
})
