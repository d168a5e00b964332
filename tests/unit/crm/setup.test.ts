import { itCalls } from './kit.ts'

const account = { workspace_id: 'w1', channel: 'messenger', external_id: 'PAGE1', settings: {}, is_active: true }

itCalls([
  [
    'channel_account',
    (crm) => crm.channelAccount({ channelAccountId: 'a1' }),
    { p_channel_account_id: 'a1' },
    [account],
    account,
  ],
  [
    'create_workspace',
    (crm) => crm.createWorkspace({ slug: 'acme', name: 'Acme', defaultCountry: 'CO' }),
    { p_slug: 'acme', p_name: 'Acme', p_default_country: 'CO' },
    '"w1"',
    'w1',
  ],
  [
    'connect_channel',
    (crm) => crm.connectChannel({ workspaceId: 'w1', channel: 'whatsapp', externalId: 'PN1', displayName: 'Ventas' }),
    { p_workspace_id: 'w1', p_channel: 'whatsapp', p_external_id: 'PN1', p_display_name: 'Ventas' },
    '"a1"',
    'a1',
  ],
  [
    'add_member',
    (crm) => crm.addMember({ workspaceId: 'w1', userId: 'u1', role: 'agent' }),
    { p_workspace_id: 'w1', p_user_id: 'u1', p_role: 'agent' },
    '',
    undefined,
  ],
  [
    'require_role',
    (crm) => crm.requireRole({ workspaceId: 'w1', leastRole: 'admin' }),
    { p_workspace_id: 'w1', p_least_role: 'admin' },
    '',
    undefined,
  ],
])
