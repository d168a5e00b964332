import { expect, test } from 'vitest'
import { describeAdvisors, isClean, judgeFindings } from '../../scripts/db-advisors.ts'
import type { Finding } from '../../scripts/lib/advisors.ts'

const finding = (level: Finding['level'], object = 'crm.claim_lead'): Finding => ({
  ...{ lint: 'function_search_path_mutable', level, object },
  detail: 'It has a role mutable search_path',
})
const allowed = { lint: 'function_search_path_mutable', object: 'crm.claim_lead', reason: 'It only reads a constant.' }

test('a warning and an error fail, an info does not', () => {
  expect(isClean(judgeFindings([finding('WARN')], []))).toBe(false)
  expect(isClean(judgeFindings([finding('ERROR')], []))).toBe(false)
  expect(isClean(judgeFindings([finding('INFO')], []))).toBe(true)
})

test('an allowed finding passes, for its object only', () => {
  expect(isClean(judgeFindings([finding('WARN')], [allowed]))).toBe(true)
  expect(isClean(judgeFindings([finding('WARN'), finding('WARN', 'crm.other')], [allowed]))).toBe(false)
})

test('an allowance that is no longer needed fails', () => {
  expect(isClean(judgeFindings([], [allowed]))).toBe(false)
})

test('the last line of the report gives the number of warnings', () => {
  const report = judgeFindings(
    [finding('WARN'), finding('ERROR', 'crm.other'), finding('INFO', 'crm.third')],
    [allowed],
  )
  expect(describeAdvisors(report).split('\n').at(-1)).toBe('advisors: 1 warnings')
})
