import { itCalls } from './kit.ts'

itCalls([
  [
    'replay_dead_letters',
    (crm) => crm.replayDeadLetters({ limit: 20 }),
    { p_limit: 20 },
    [{ replayed: 2, failed: 1 }],
    { replayed: 2, failed: 1 },
  ],
  [
    'replay_dead_letters',
    (crm) => crm.replayDeadLetters({}),
    {},
    [{ replayed: 0, failed: 0 }],
    { replayed: 0, failed: 0 },
  ],
  [
    'replay_dead_letter',
    (crm) => crm.replayDeadLetter({ deadLetterId: 'd1', workspaceId: 'w1' }),
    { p_dead_letter_id: 'd1', p_workspace_id: 'w1' },
    [{ replayed: false, error: { code: 'needs_translation' } }],
    { replayed: false, error: { code: 'needs_translation' } },
  ],
])
