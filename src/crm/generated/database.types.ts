// Generated from schema crm by "npm run db:types", never edited by hand.
export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

export type Database = {
  crm: {
    Tables: {
      blocked_identity_values: {
        Row: {
          created_at: string
          id: string
          kind: string
          pattern: string
          workspace_id: string | null
        }
        ComputedFields: never
        Insert: {
          created_at?: string
          id?: string
          kind: string
          pattern: string
          workspace_id?: string | null
        }
        Update: {
          created_at?: string
          id?: string
          kind?: string
          pattern?: string
          workspace_id?: string | null
        }
        Relationships: [
          {
            foreignKeyName: 'blocked_identity_values_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
        ]
      }
      channel_accounts: {
        Row: {
          channel: string
          created_at: string
          display_name: string
          external_id: string
          id: string
          is_active: boolean
          settings: NonNullable<Json>
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          channel: string
          created_at?: string
          display_name: string
          external_id: string
          id?: string
          is_active?: boolean
          settings?: NonNullable<Json>
          workspace_id: string
        }
        Update: {
          channel?: string
          created_at?: string
          display_name?: string
          external_id?: string
          id?: string
          is_active?: boolean
          settings?: NonNullable<Json>
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'channel_accounts_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
        ]
      }
      contact_identities: {
        Row: {
          contact_id: string
          delivery: string | null
          first_seen_at: string
          is_outranked: boolean
          is_previous: boolean
          kind: string
          rule: string
          scope: string
          source: string
          value: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          contact_id: string
          delivery?: string | null
          first_seen_at?: string
          is_outranked?: boolean
          is_previous?: boolean
          kind: string
          rule: string
          scope?: string
          source: string
          value: string
          workspace_id: string
        }
        Update: {
          contact_id?: string
          delivery?: string | null
          first_seen_at?: string
          is_outranked?: boolean
          is_previous?: boolean
          kind?: string
          rule?: string
          scope?: string
          source?: string
          value?: string
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'contact_fkey'
            columns: ['workspace_id', 'contact_id']
            isOneToOne: false
            referencedRelation: 'contacts'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'contact_fkey'
            columns: ['workspace_id', 'contact_id']
            isOneToOne: false
            referencedRelation: 'stale_stubs'
            referencedColumns: ['workspace_id', 'contact_id']
          },
        ]
      }
      contact_interaction_events: {
        Row: {
          channel_account_id: string
          contact_id: string | null
          conversation_id: string
          created_at: string
          event_key: string
          event_type: string
          id: string
          message_id: string | null
          occurred_at: string
          payload: NonNullable<Json>
          provider_message_id: string | null
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          channel_account_id: string
          contact_id?: string | null
          conversation_id: string
          created_at?: string
          event_key: string
          event_type: string
          id?: string
          message_id?: string | null
          occurred_at: string
          payload?: NonNullable<Json>
          provider_message_id?: string | null
          workspace_id: string
        }
        Update: {
          channel_account_id?: string
          contact_id?: string | null
          conversation_id?: string
          created_at?: string
          event_key?: string
          event_type?: string
          id?: string
          message_id?: string | null
          occurred_at?: string
          payload?: NonNullable<Json>
          provider_message_id?: string | null
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'contact_fkey'
            columns: ['workspace_id', 'contact_id']
            isOneToOne: false
            referencedRelation: 'contacts'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'contact_fkey'
            columns: ['workspace_id', 'contact_id']
            isOneToOne: false
            referencedRelation: 'stale_stubs'
            referencedColumns: ['workspace_id', 'contact_id']
          },
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'channel_account_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'conversations'
            referencedColumns: ['workspace_id', 'channel_account_id', 'id']
          },
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'channel_account_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'inbox'
            referencedColumns: ['workspace_id', 'channel_account_id', 'conversation_id']
          },
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'channel_account_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'inbox'
            referencedColumns: ['workspace_id', 'conversation_id']
          },
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'channel_account_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'orphaned_conversations'
            referencedColumns: ['workspace_id', 'channel_account_id', 'conversation_id']
          },
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'channel_account_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'orphaned_conversations'
            referencedColumns: ['workspace_id', 'conversation_id']
          },
          {
            foreignKeyName: 'message_fkey'
            columns: ['workspace_id', 'message_id']
            isOneToOne: false
            referencedRelation: 'messages'
            referencedColumns: ['workspace_id', 'id']
          },
        ]
      }
      contact_merges: {
        Row: {
          duplicate_id: string
          id: string
          merged_at: string
          merged_by: string
          moved: NonNullable<Json>
          reason: string
          survivor_id: string
          undone_at: string | null
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          duplicate_id: string
          id?: string
          merged_at?: string
          merged_by: string
          moved: NonNullable<Json>
          reason: string
          survivor_id: string
          undone_at?: string | null
          workspace_id: string
        }
        Update: {
          duplicate_id?: string
          id?: string
          merged_at?: string
          merged_by?: string
          moved?: NonNullable<Json>
          reason?: string
          survivor_id?: string
          undone_at?: string | null
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'duplicate_fkey'
            columns: ['workspace_id', 'duplicate_id']
            isOneToOne: false
            referencedRelation: 'contacts'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'duplicate_fkey'
            columns: ['workspace_id', 'duplicate_id']
            isOneToOne: false
            referencedRelation: 'stale_stubs'
            referencedColumns: ['workspace_id', 'contact_id']
          },
          {
            foreignKeyName: 'survivor_fkey'
            columns: ['workspace_id', 'survivor_id']
            isOneToOne: false
            referencedRelation: 'contacts'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'survivor_fkey'
            columns: ['workspace_id', 'survivor_id']
            isOneToOne: false
            referencedRelation: 'stale_stubs'
            referencedColumns: ['workspace_id', 'contact_id']
          },
        ]
      }
      contacts: {
        Row: {
          address: string | null
          city: string | null
          company: string | null
          country: string | null
          created_at: string
          custom_attributes: NonNullable<Json>
          email: string | null
          field_sources: NonNullable<Json>
          full_name: string | null
          id: string
          identification: string | null
          landline: string | null
          last_sync_at: string | null
          merchant_id: string | null
          merged_into_id: string | null
          mobile: string | null
          needs_full_sync: boolean
          phone: string | null
          phone_normalized: string | null
          source_created_at: string | null
          source_updated_at: string | null
          sync_source: string
          tags: NonNullable<Json>
          updated_at: string
          version: number
          wa_id: string | null
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          address?: string | null
          city?: string | null
          company?: string | null
          country?: string | null
          created_at?: string
          custom_attributes?: NonNullable<Json>
          email?: string | null
          field_sources?: NonNullable<Json>
          full_name?: string | null
          id?: string
          identification?: string | null
          landline?: string | null
          last_sync_at?: string | null
          merchant_id?: string | null
          merged_into_id?: string | null
          mobile?: string | null
          needs_full_sync?: boolean
          phone?: string | null
          phone_normalized?: string | null
          source_created_at?: string | null
          source_updated_at?: string | null
          sync_source?: string
          tags?: NonNullable<Json>
          updated_at?: string
          version?: number
          wa_id?: string | null
          workspace_id: string
        }
        Update: {
          address?: string | null
          city?: string | null
          company?: string | null
          country?: string | null
          created_at?: string
          custom_attributes?: NonNullable<Json>
          email?: string | null
          field_sources?: NonNullable<Json>
          full_name?: string | null
          id?: string
          identification?: string | null
          landline?: string | null
          last_sync_at?: string | null
          merchant_id?: string | null
          merged_into_id?: string | null
          mobile?: string | null
          needs_full_sync?: boolean
          phone?: string | null
          phone_normalized?: string | null
          source_created_at?: string | null
          source_updated_at?: string | null
          sync_source?: string
          tags?: NonNullable<Json>
          updated_at?: string
          version?: number
          wa_id?: string | null
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'contacts_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'merged_into_fkey'
            columns: ['workspace_id', 'merged_into_id']
            isOneToOne: false
            referencedRelation: 'contacts'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'merged_into_fkey'
            columns: ['workspace_id', 'merged_into_id']
            isOneToOne: false
            referencedRelation: 'stale_stubs'
            referencedColumns: ['workspace_id', 'contact_id']
          },
        ]
      }
      conversation_keys: {
        Row: {
          channel_account_id: string
          conversation_id: string
          kind: string
          value: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          channel_account_id: string
          conversation_id: string
          kind: string
          value: string
          workspace_id: string
        }
        Update: {
          channel_account_id?: string
          conversation_id?: string
          kind?: string
          value?: string
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'channel_account_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'conversations'
            referencedColumns: ['workspace_id', 'channel_account_id', 'id']
          },
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'channel_account_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'inbox'
            referencedColumns: ['workspace_id', 'channel_account_id', 'conversation_id']
          },
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'channel_account_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'inbox'
            referencedColumns: ['workspace_id', 'conversation_id']
          },
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'channel_account_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'orphaned_conversations'
            referencedColumns: ['workspace_id', 'channel_account_id', 'conversation_id']
          },
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'channel_account_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'orphaned_conversations'
            referencedColumns: ['workspace_id', 'conversation_id']
          },
        ]
      }
      conversation_merges: {
        Row: {
          channel_account_id: string
          duplicate_id: string
          merged_at: string
          survivor_id: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          channel_account_id: string
          duplicate_id: string
          merged_at?: string
          survivor_id: string
          workspace_id: string
        }
        Update: {
          channel_account_id?: string
          duplicate_id?: string
          merged_at?: string
          survivor_id?: string
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'survivor_fkey'
            columns: ['workspace_id', 'channel_account_id', 'survivor_id']
            isOneToOne: false
            referencedRelation: 'conversations'
            referencedColumns: ['workspace_id', 'channel_account_id', 'id']
          },
          {
            foreignKeyName: 'survivor_fkey'
            columns: ['workspace_id', 'channel_account_id', 'survivor_id']
            isOneToOne: false
            referencedRelation: 'inbox'
            referencedColumns: ['workspace_id', 'channel_account_id', 'conversation_id']
          },
          {
            foreignKeyName: 'survivor_fkey'
            columns: ['workspace_id', 'channel_account_id', 'survivor_id']
            isOneToOne: false
            referencedRelation: 'orphaned_conversations'
            referencedColumns: ['workspace_id', 'channel_account_id', 'conversation_id']
          },
        ]
      }
      conversation_tags: {
        Row: {
          conversation_id: string
          set_at: string
          set_by: string
          tag: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          conversation_id: string
          set_at?: string
          set_by: string
          tag: string
          workspace_id: string
        }
        Update: {
          conversation_id?: string
          set_at?: string
          set_by?: string
          tag?: string
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'conversations'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'inbox'
            referencedColumns: ['workspace_id', 'channel_account_id', 'conversation_id']
          },
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'inbox'
            referencedColumns: ['workspace_id', 'conversation_id']
          },
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'orphaned_conversations'
            referencedColumns: ['workspace_id', 'channel_account_id', 'conversation_id']
          },
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'orphaned_conversations'
            referencedColumns: ['workspace_id', 'conversation_id']
          },
        ]
      }
      conversations: {
        Row: {
          channel_account_id: string
          contact_id: string | null
          created_at: string
          delivered_watermark: string | null
          has_pending_effects: boolean
          id: string
          last_inbound_at: string | null
          last_message_at: string | null
          metadata: NonNullable<Json>
          read_watermark: string | null
          source_updated_at: string | null
          status: string
          status_changed_at: string | null
          unread_count: number
          updated_at: string
          version: number
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          channel_account_id: string
          contact_id?: string | null
          created_at?: string
          delivered_watermark?: string | null
          has_pending_effects?: boolean
          id?: string
          last_inbound_at?: string | null
          last_message_at?: string | null
          metadata?: NonNullable<Json>
          read_watermark?: string | null
          source_updated_at?: string | null
          status?: string
          status_changed_at?: string | null
          unread_count?: number
          updated_at?: string
          version?: number
          workspace_id: string
        }
        Update: {
          channel_account_id?: string
          contact_id?: string | null
          created_at?: string
          delivered_watermark?: string | null
          has_pending_effects?: boolean
          id?: string
          last_inbound_at?: string | null
          last_message_at?: string | null
          metadata?: NonNullable<Json>
          read_watermark?: string | null
          source_updated_at?: string | null
          status?: string
          status_changed_at?: string | null
          unread_count?: number
          updated_at?: string
          version?: number
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'channel_account_fkey'
            columns: ['workspace_id', 'channel_account_id']
            isOneToOne: false
            referencedRelation: 'channel_accounts'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'channel_account_fkey'
            columns: ['workspace_id', 'channel_account_id']
            isOneToOne: false
            referencedRelation: 'channel_overview'
            referencedColumns: ['workspace_id', 'channel_account_id']
          },
          {
            foreignKeyName: 'contact_fkey'
            columns: ['workspace_id', 'contact_id']
            isOneToOne: false
            referencedRelation: 'contacts'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'contact_fkey'
            columns: ['workspace_id', 'contact_id']
            isOneToOne: false
            referencedRelation: 'stale_stubs'
            referencedColumns: ['workspace_id', 'contact_id']
          },
        ]
      }
      dead_letters: {
        Row: {
          account_external_id: string
          attempts: number
          channel: string
          channel_account_id: string | null
          created_at: string
          detail: string | null
          history_before: string | null
          id: string
          is_item: boolean
          item: NonNullable<Json>
          item_hash: string
          path: string | null
          reason: string
          replay_error: Json | null
          replayed_at: string | null
          status: string
          tried_at: string | null
          workspace_id: string | null
        }
        ComputedFields: never
        Insert: {
          account_external_id: string
          attempts?: number
          channel: string
          channel_account_id?: string | null
          created_at?: string
          detail?: string | null
          history_before?: string | null
          id?: string
          is_item?: never
          item: NonNullable<Json>
          item_hash: string
          path?: string | null
          reason: string
          replay_error?: Json | null
          replayed_at?: string | null
          status?: string
          tried_at?: string | null
          workspace_id?: string | null
        }
        Update: {
          account_external_id?: string
          attempts?: number
          channel?: string
          channel_account_id?: string | null
          created_at?: string
          detail?: string | null
          history_before?: string | null
          id?: string
          is_item?: never
          item?: NonNullable<Json>
          item_hash?: string
          path?: string | null
          reason?: string
          replay_error?: Json | null
          replayed_at?: string | null
          status?: string
          tried_at?: string | null
          workspace_id?: string | null
        }
        Relationships: [
          {
            foreignKeyName: 'channel_account_fkey'
            columns: ['workspace_id', 'channel_account_id']
            isOneToOne: false
            referencedRelation: 'channel_accounts'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'channel_account_fkey'
            columns: ['workspace_id', 'channel_account_id']
            isOneToOne: false
            referencedRelation: 'channel_overview'
            referencedColumns: ['workspace_id', 'channel_account_id']
          },
          {
            foreignKeyName: 'dead_letters_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
        ]
      }
      fast_path_errors: {
        Row: {
          channel_account_id: string
          constraint_name: string
          errors: number
          first_at: string
          last_at: string
          sqlstate: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          channel_account_id: string
          constraint_name: string
          errors?: number
          first_at?: string
          last_at?: string
          sqlstate: string
          workspace_id: string
        }
        Update: {
          channel_account_id?: string
          constraint_name?: string
          errors?: number
          first_at?: string
          last_at?: string
          sqlstate?: string
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'channel_account_fkey'
            columns: ['workspace_id', 'channel_account_id']
            isOneToOne: false
            referencedRelation: 'channel_accounts'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'channel_account_fkey'
            columns: ['workspace_id', 'channel_account_id']
            isOneToOne: false
            referencedRelation: 'channel_overview'
            referencedColumns: ['workspace_id', 'channel_account_id']
          },
        ]
      }
      merge_candidates: {
        Row: {
          contact_a_id: string
          contact_b_id: string
          created_at: string
          decided_at: string | null
          evidence: NonNullable<Json>
          id: string
          status: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          contact_a_id: string
          contact_b_id: string
          created_at?: string
          decided_at?: string | null
          evidence?: NonNullable<Json>
          id?: string
          status?: string
          workspace_id: string
        }
        Update: {
          contact_a_id?: string
          contact_b_id?: string
          created_at?: string
          decided_at?: string | null
          evidence?: NonNullable<Json>
          id?: string
          status?: string
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'contact_a_fkey'
            columns: ['workspace_id', 'contact_a_id']
            isOneToOne: false
            referencedRelation: 'contacts'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'contact_a_fkey'
            columns: ['workspace_id', 'contact_a_id']
            isOneToOne: false
            referencedRelation: 'stale_stubs'
            referencedColumns: ['workspace_id', 'contact_id']
          },
          {
            foreignKeyName: 'contact_b_fkey'
            columns: ['workspace_id', 'contact_b_id']
            isOneToOne: false
            referencedRelation: 'contacts'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'contact_b_fkey'
            columns: ['workspace_id', 'contact_b_id']
            isOneToOne: false
            referencedRelation: 'stale_stubs'
            referencedColumns: ['workspace_id', 'contact_id']
          },
        ]
      }
      messages: {
        Row: {
          attachments: NonNullable<Json>
          body: string | null
          channel_account_id: string
          conversation_id: string
          created_at: string
          direction: string
          edit_count: number
          error: Json | null
          id: string
          is_history: boolean
          payload: NonNullable<Json>
          provider_message_id: string
          reply_to: string | null
          sent_at: string
          status: string | null
          unsent_at: string | null
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          attachments?: NonNullable<Json>
          body?: string | null
          channel_account_id: string
          conversation_id: string
          created_at?: string
          direction: string
          edit_count?: number
          error?: Json | null
          id?: string
          is_history?: boolean
          payload?: NonNullable<Json>
          provider_message_id: string
          reply_to?: string | null
          sent_at: string
          status?: string | null
          unsent_at?: string | null
          workspace_id: string
        }
        Update: {
          attachments?: NonNullable<Json>
          body?: string | null
          channel_account_id?: string
          conversation_id?: string
          created_at?: string
          direction?: string
          edit_count?: number
          error?: Json | null
          id?: string
          is_history?: boolean
          payload?: NonNullable<Json>
          provider_message_id?: string
          reply_to?: string | null
          sent_at?: string
          status?: string | null
          unsent_at?: string | null
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'channel_account_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'conversations'
            referencedColumns: ['workspace_id', 'channel_account_id', 'id']
          },
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'channel_account_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'inbox'
            referencedColumns: ['workspace_id', 'channel_account_id', 'conversation_id']
          },
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'channel_account_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'inbox'
            referencedColumns: ['workspace_id', 'conversation_id']
          },
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'channel_account_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'orphaned_conversations'
            referencedColumns: ['workspace_id', 'channel_account_id', 'conversation_id']
          },
          {
            foreignKeyName: 'conversation_fkey'
            columns: ['workspace_id', 'channel_account_id', 'conversation_id']
            isOneToOne: false
            referencedRelation: 'orphaned_conversations'
            referencedColumns: ['workspace_id', 'conversation_id']
          },
        ]
      }
      rate_limit_buckets: {
        Row: {
          blocked_until: string | null
          bucket: string
          capacity: number
          refill_per_second: number
          refilled_at: string
          tokens: number
          workspace_id: string | null
        }
        ComputedFields: never
        Insert: {
          blocked_until?: string | null
          bucket: string
          capacity?: number
          refill_per_second?: number
          refilled_at?: string
          tokens?: number
          workspace_id?: string | null
        }
        Update: {
          blocked_until?: string | null
          bucket?: string
          capacity?: number
          refill_per_second?: number
          refilled_at?: string
          tokens?: number
          workspace_id?: string | null
        }
        Relationships: [
          {
            foreignKeyName: 'rate_limit_buckets_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
        ]
      }
      raw_records: {
        Row: {
          attempts: number
          channel_account_id: string
          content_hash: string
          entity: string
          error: Json | null
          external_id: string
          landed_at: string
          payload: NonNullable<Json>
          processed_at: string | null
          status: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          attempts?: number
          channel_account_id: string
          content_hash: string
          entity: string
          error?: Json | null
          external_id: string
          landed_at?: string
          payload: NonNullable<Json>
          processed_at?: string | null
          status?: string
          workspace_id: string
        }
        Update: {
          attempts?: number
          channel_account_id?: string
          content_hash?: string
          entity?: string
          error?: Json | null
          external_id?: string
          landed_at?: string
          payload?: NonNullable<Json>
          processed_at?: string | null
          status?: string
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'channel_account_fkey'
            columns: ['workspace_id', 'channel_account_id']
            isOneToOne: false
            referencedRelation: 'channel_accounts'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'channel_account_fkey'
            columns: ['workspace_id', 'channel_account_id']
            isOneToOne: false
            referencedRelation: 'channel_overview'
            referencedColumns: ['workspace_id', 'channel_account_id']
          },
        ]
      }
      sync_locks: {
        Row: {
          acquired_at: string | null
          expires_at: string | null
          fencing_token: number
          holder: string | null
          resource: string
          token: string | null
          workspace_id: string | null
        }
        ComputedFields: never
        Insert: {
          acquired_at?: string | null
          expires_at?: string | null
          fencing_token?: number
          holder?: string | null
          resource: string
          token?: string | null
          workspace_id?: string | null
        }
        Update: {
          acquired_at?: string | null
          expires_at?: string | null
          fencing_token?: number
          holder?: string | null
          resource?: string
          token?: string | null
          workspace_id?: string | null
        }
        Relationships: [
          {
            foreignKeyName: 'sync_locks_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
        ]
      }
      sync_runs: {
        Row: {
          active_for: string
          channel_account_id: string
          created: number
          error: string | null
          error_code: string | null
          failed: number
          fencing_token: number
          finished_at: string | null
          history_before: string
          holder: string
          id: string
          items: number
          last_page_at: string | null
          mode: string
          pages: number
          paused_at: string | null
          progressed_at: string | null
          rejected: number
          rejected_by: NonNullable<Json>
          resource: string
          resume_at: string | null
          resumed_at: string | null
          since: string | null
          stalled_attempts: number
          started_at: string
          status: string
          total_estimate: number | null
          unchanged: number
          updated: number
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          active_for?: string
          channel_account_id: string
          created?: number
          error?: string | null
          error_code?: never
          failed?: number
          fencing_token: number
          finished_at?: string | null
          history_before?: string
          holder: string
          id?: string
          items?: number
          last_page_at?: string | null
          mode: string
          pages?: number
          paused_at?: string | null
          progressed_at?: string | null
          rejected?: number
          rejected_by?: NonNullable<Json>
          resource: string
          resume_at?: string | null
          resumed_at?: string | null
          since?: string | null
          stalled_attempts?: number
          started_at?: string
          status?: string
          total_estimate?: number | null
          unchanged?: number
          updated?: number
          workspace_id: string
        }
        Update: {
          active_for?: string
          channel_account_id?: string
          created?: number
          error?: string | null
          error_code?: never
          failed?: number
          fencing_token?: number
          finished_at?: string | null
          history_before?: string
          holder?: string
          id?: string
          items?: number
          last_page_at?: string | null
          mode?: string
          pages?: number
          paused_at?: string | null
          progressed_at?: string | null
          rejected?: number
          rejected_by?: NonNullable<Json>
          resource?: string
          resume_at?: string | null
          resumed_at?: string | null
          since?: string | null
          stalled_attempts?: number
          started_at?: string
          status?: string
          total_estimate?: number | null
          unchanged?: number
          updated?: number
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'channel_account_fkey'
            columns: ['workspace_id', 'channel_account_id']
            isOneToOne: false
            referencedRelation: 'channel_accounts'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'channel_account_fkey'
            columns: ['workspace_id', 'channel_account_id']
            isOneToOne: false
            referencedRelation: 'channel_overview'
            referencedColumns: ['workspace_id', 'channel_account_id']
          },
        ]
      }
      sync_state: {
        Row: {
          cursor: NonNullable<Json>
          high_watermark: string | null
          resource: string
          triggered_at: string | null
          unanswered_since: string | null
          updated_at: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          cursor?: NonNullable<Json>
          high_watermark?: string | null
          resource: string
          triggered_at?: string | null
          unanswered_since?: string | null
          updated_at?: string
          workspace_id: string
        }
        Update: {
          cursor?: NonNullable<Json>
          high_watermark?: string | null
          resource?: string
          triggered_at?: string | null
          unanswered_since?: string | null
          updated_at?: string
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'sync_state_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
        ]
      }
      workspace_members: {
        Row: {
          created_at: string
          role: string
          user_id: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          created_at?: string
          role: string
          user_id: string
          workspace_id: string
        }
        Update: {
          created_at?: string
          role?: string
          user_id?: string
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'workspace_members_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
        ]
      }
      workspaces: {
        Row: {
          created_at: string
          default_country: string
          id: string
          name: string
          settings: NonNullable<Json>
          slug: string
        }
        ComputedFields: never
        Insert: {
          created_at?: string
          default_country: string
          id?: string
          name: string
          settings?: NonNullable<Json>
          slug: string
        }
        Update: {
          created_at?: string
          default_country?: string
          id?: string
          name?: string
          settings?: NonNullable<Json>
          slug?: string
        }
        Relationships: []
      }
    }
    Views: {
      active_syncs: {
        Row: {
          account: string
          active_for: string | null
          channel: string
          channel_account_id: string
          created: number
          error: string | null
          estimated_end: string | null
          failed: number
          holder: string
          items: number
          items_per_minute: number | null
          last_page_at: string | null
          lease_left: string | null
          mode: string
          pages: number
          paused_at: string | null
          progress: number | null
          rejected: number
          resource: string
          resume_at: string | null
          run_id: string
          started_at: string
          status: string
          total_estimate: number | null
          unchanged: number
          updated: number
          workspace_id: string
        }
        ComputedFields: never
        Relationships: [
          {
            foreignKeyName: 'channel_account_fkey'
            columns: ['workspace_id', 'channel_account_id']
            isOneToOne: false
            referencedRelation: 'channel_accounts'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'channel_account_fkey'
            columns: ['workspace_id', 'channel_account_id']
            isOneToOne: false
            referencedRelation: 'channel_overview'
            referencedColumns: ['workspace_id', 'channel_account_id']
          },
        ]
      }
      channel_overview: {
        Row: {
          channel: string
          channel_account_id: string
          contacts: number | null
          conversations: number | null
          dead_letters: number | null
          display_name: string
          events: number | null
          is_active: boolean
          last_event_at: string | null
          messages: number | null
          workspace_id: string
        }
        ComputedFields: never
        Relationships: [
          {
            foreignKeyName: 'channel_accounts_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
        ]
      }
      contact_sync_overview: {
        Row: {
          contacts: number | null
          last_sync_at: string | null
          needing_full_sync: number | null
          oldest_created_at: string | null
          sync_source: string
          workspace_id: string
        }
        ComputedFields: never
        Relationships: [
          {
            foreignKeyName: 'contacts_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
        ]
      }
      dead_letter_summary: {
        Row: {
          account_external_id: string
          can_be_replayed: boolean | null
          channel: string
          dead_letters: number | null
          first_at: string | null
          last_at: string | null
          last_error: string | null
          last_tried_at: string | null
          most_attempts: number | null
          path: string | null
          reason: string
          workspace_id: string | null
        }
        ComputedFields: never
        Relationships: [
          {
            foreignKeyName: 'dead_letters_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
        ]
      }
      health_dead_letters: {
        Row: {
          check: string | null
          detail: Json | null
          ok: boolean | null
          remedy: string | null
          severity: string | null
          subject: string | null
          title: string | null
          workspace_id: string | null
        }
        ComputedFields: never
        Relationships: []
      }
      health_fast_path: {
        Row: {
          check: string | null
          detail: Json | null
          ok: boolean | null
          remedy: string | null
          severity: string | null
          subject: string | null
          title: string | null
          workspace_id: string
        }
        ComputedFields: never
        Relationships: [
          {
            foreignKeyName: 'channel_accounts_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
        ]
      }
      health_rate_limited: {
        Row: {
          check: string | null
          detail: Json | null
          ok: boolean | null
          remedy: string | null
          severity: string | null
          subject: string | null
          title: string | null
          workspace_id: string
        }
        ComputedFields: never
        Relationships: []
      }
      health_reconnect: {
        Row: {
          check: string | null
          detail: Json | null
          ok: boolean | null
          remedy: string | null
          severity: string | null
          subject: string | null
          title: string | null
          workspace_id: string
        }
        ComputedFields: never
        Relationships: []
      }
      health_sync_failing: {
        Row: {
          check: string | null
          detail: Json | null
          ok: boolean | null
          remedy: string | null
          severity: string | null
          subject: string | null
          title: string | null
          workspace_id: string
        }
        ComputedFields: never
        Relationships: []
      }
      health_sync_overdue: {
        Row: {
          check: string | null
          detail: Json | null
          ok: boolean | null
          remedy: string | null
          severity: string | null
          subject: string | null
          title: string | null
          workspace_id: string
        }
        ComputedFields: never
        Relationships: []
      }
      health_sync_stuck: {
        Row: {
          check: string | null
          detail: Json | null
          ok: boolean | null
          remedy: string | null
          severity: string | null
          subject: string | null
          title: string | null
          workspace_id: string
        }
        ComputedFields: never
        Relationships: []
      }
      inbox: {
        Row: {
          account: string
          channel: string
          channel_account_id: string
          contact_id: string | null
          conversation_id: string
          full_name: string | null
          is_stub: boolean | null
          last_body: string | null
          last_direction: string | null
          last_inbound_at: string | null
          last_is_unsent: boolean | null
          last_message_at: string | null
          last_status: string | null
          status: string
          tags: Json | null
          unread_count: number
          version: number
          workspace_id: string
        }
        ComputedFields: never
        Relationships: [
          {
            foreignKeyName: 'channel_account_fkey'
            columns: ['workspace_id', 'channel_account_id']
            isOneToOne: false
            referencedRelation: 'channel_accounts'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'channel_account_fkey'
            columns: ['workspace_id', 'channel_account_id']
            isOneToOne: false
            referencedRelation: 'channel_overview'
            referencedColumns: ['workspace_id', 'channel_account_id']
          },
          {
            foreignKeyName: 'contact_fkey'
            columns: ['workspace_id', 'contact_id']
            isOneToOne: false
            referencedRelation: 'contacts'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'contact_fkey'
            columns: ['workspace_id', 'contact_id']
            isOneToOne: false
            referencedRelation: 'stale_stubs'
            referencedColumns: ['workspace_id', 'contact_id']
          },
        ]
      }
      orphaned_conversations: {
        Row: {
          account: string
          channel: string
          channel_account_id: string
          conversation_id: string
          full_name: string | null
          last_body: string | null
          last_direction: string | null
          last_message_at: string | null
          participant: Json | null
          participant_keys: string[] | null
          since: string
          thread_ids: string[] | null
          workspace_id: string
        }
        ComputedFields: never
        Relationships: [
          {
            foreignKeyName: 'channel_account_fkey'
            columns: ['workspace_id', 'channel_account_id']
            isOneToOne: false
            referencedRelation: 'channel_accounts'
            referencedColumns: ['workspace_id', 'id']
          },
          {
            foreignKeyName: 'channel_account_fkey'
            columns: ['workspace_id', 'channel_account_id']
            isOneToOne: false
            referencedRelation: 'channel_overview'
            referencedColumns: ['workspace_id', 'channel_account_id']
          },
        ]
      }
      stale_stubs: {
        Row: {
          age: string | null
          contact_id: string
          conversations: number | null
          created_at: string
          email: string | null
          full_name: string | null
          identities: Json | null
          last_message_at: string | null
          phone_normalized: string | null
          workspace_id: string
        }
        ComputedFields: never
        Relationships: [
          {
            foreignKeyName: 'contacts_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
        ]
      }
      stuck_locks: {
        Row: {
          acquired_at: string | null
          expired_at: string | null
          holder: string | null
          last_page_at: string | null
          pages: number | null
          resource: string | null
          run_id: string | null
          stuck_for: string | null
          workspace_id: string | null
        }
        ComputedFields: never
        Relationships: []
      }
      sync_health: {
        Row: {
          check: string | null
          detail: Json | null
          ok: boolean | null
          remedy: string | null
          severity: string | null
          subject: string | null
          title: string | null
          workspace_id: string | null
        }
        ComputedFields: never
        Relationships: []
      }
      sync_statistics: {
        Row: {
          avg_active: string | null
          avg_duration: string | null
          completed: number | null
          completion_rate: number | null
          created: number | null
          day: string | null
          errors: Json | null
          failed: number | null
          failed_items: number | null
          items: number | null
          max_duration: string | null
          pages: number | null
          rejected: number | null
          resource: string
          runs: number | null
          unchanged: number | null
          updated: number | null
          workspace_id: string
        }
        ComputedFields: never
        Relationships: []
      }
    }
    Functions: {
      acquire_sync_lock: {
        Args: { p_holder: string; p_resource: string; p_ttl?: string }
        Returns: {
          acquired: boolean
          expires_at: string
          fencing_token: number
          held_by: string
          token: string
        }[]
      }
      add_member: { Args: { p_role: string; p_user_id: string; p_workspace_id: string }; Returns: undefined }
      backfill_phones: {
        Args: { p_dry_run?: boolean; p_limit?: number; p_workspace_id: string }
        Returns: {
          candidates: number
          merged: number
          normalized: number
          remaining: number
          scanned: number
        }[]
      }
      block_rate_limit: { Args: { p_bucket: string; p_for: string }; Returns: undefined }
      bulk_upsert_contacts: {
        Args: { p_contacts: Json; p_sync_source: string; p_workspace_id: string }
        Returns: {
          contact_id: string
          error: Json
          ordinal: number
          outcome: string
          sync_source: string
          version: number
        }[]
      }
      bulk_upsert_conversations_with_events: {
        Args: { p_channel_account_id: string; p_items: Json; p_lock_token?: string }
        Returns: {
          contact_id: string
          contact_outcome: string
          conversation_id: string
          error: Json
          events_duplicate: number
          events_inserted: number
          is_new: boolean
          ordinal: number
          version: number
        }[]
      }
      channel_account: {
        Args: { p_channel_account_id: string }
        Returns: {
          channel: string
          external_id: string
          is_active: boolean
          settings: Json
          workspace_id: string
        }[]
      }
      cleanup_expired_locks: { Args: Record<PropertyKey, never>; Returns: number }
      commit_sync_page: {
        Args: {
          p_cursor: Json
          p_items: Json
          p_rejected?: Json
          p_run_id: string
          p_token: string
          p_total_estimate?: number
          p_workspace_id?: string
        }
        Returns: {
          created: number
          expires_at: string
          failed: number
          items: number
          rejected: number
          run_created: number
          run_failed: number
          run_items: number
          run_pages: number
          run_rejected: number
          run_unchanged: number
          run_updated: number
          total_estimate: number
          unchanged: number
          updated: number
        }[]
      }
      connect_channel: {
        Args: { p_channel: string; p_display_name: string; p_external_id: string; p_workspace_id: string }
        Returns: string
      }
      contact_sync_stats: {
        Args: { p_workspace_id: string }
        Returns: {
          contacts: number
          contacts_needing_sync: number
          conversations: number
          orphaned_conversations: number
          stale_stubs: number
        }[]
      }
      create_workspace: { Args: { p_default_country: string; p_name: string; p_slug: string }; Returns: string }
      explain_contact: { Args: { p_contact_id: string; p_workspace_id?: string }; Returns: Json }
      extend_sync_lock: { Args: { p_resource: string; p_token: string; p_ttl?: string }; Returns: string }
      finish_sync: {
        Args: {
          p_error?: string
          p_keep_cursor?: boolean
          p_run_id: string
          p_status: string
          p_token: string
          p_workspace_id?: string
        }
        Returns: {
          created: number
          failed: number
          items: number
          mode: string
          pages: number
          rejected: number
          total_estimate: number
          unchanged: number
          updated: number
        }[]
      }
      ingest_webhook: {
        Args: { p_account_external_id: string; p_channel: string; p_items: Json; p_rejected?: Json }
        Returns: {
          duplicates: number
          failed: number
          items: Json
          received: number
        }[]
      }
      land_raw_records: {
        Args: {
          p_channel_account_id: string
          p_cursor?: Json
          p_entity: string
          p_lock_token?: string
          p_records: Json
          p_rejected?: Json
          p_resource?: string
          p_run_id?: string
        }
        Returns: {
          landed: number
          unchanged: number
        }[]
      }
      merge_contacts: {
        Args: { p_duplicate_id: string; p_reason: string; p_survivor_id: string; p_workspace_id?: string }
        Returns: string
      }
      normalize_email: { Args: { p_raw: string }; Returns: string }
      normalize_phone: { Args: { p_default_country?: string; p_raw: string }; Returns: string }
      reconcile_contacts: {
        Args: { p_limit?: number; p_stale_after?: string; p_workspace_id?: string }
        Returns: {
          has_more: boolean
          merge_candidates_found: number
          orphaned_conversations_fixed: number
          stale_stubs_found: number
          stubs_merged: number
        }[]
      }
      reject_merge_candidate: { Args: { p_candidate_id: string; p_workspace_id?: string }; Returns: undefined }
      release_sync_lock: { Args: { p_resource: string; p_token: string }; Returns: boolean }
      remove_member: { Args: { p_user_id: string; p_workspace_id: string }; Returns: undefined }
      replay_dead_letter: {
        Args: { p_dead_letter_id: string; p_workspace_id?: string }
        Returns: {
          error: Json
          replayed: boolean
        }[]
      }
      replay_dead_letters: {
        Args: { p_limit?: number }
        Returns: {
          failed: number
          replayed: number
        }[]
      }
      require_role: { Args: { p_least_role: string; p_workspace_id: string }; Returns: undefined }
      schedule_jobs: { Args: { p_project_url: string; p_secret_name: string }; Returns: string[] }
      schema_version: { Args: Record<PropertyKey, never>; Returns: string }
      set_rate_limit: {
        Args: { p_bucket: string; p_capacity: number; p_refill_per_second: number }
        Returns: undefined
      }
      start_sync: {
        Args: {
          p_channel_account_id: string
          p_holder?: string
          p_mode?: string
          p_resource?: string
          p_run_id?: string
        }
        Returns: {
          bucket: string
          created: number
          cursor: Json
          expires_at: string
          failed: number
          fencing_token: number
          items: number
          mode: string
          pages: number
          rejected: number
          resource: string
          resumed: boolean
          run_id: string
          since: string
          status: string
          token: string
          total_estimate: number
          unchanged: number
          updated: number
        }[]
      }
      sync_cursor: { Args: { p_resource: string; p_workspace_id: string }; Returns: Json }
      take_rate_limit: {
        Args: { p_bucket: string; p_cost?: number }
        Returns: {
          granted: boolean
          retry_after: string
          retry_after_ms: number
        }[]
      }
      transform_raw_chats: {
        Args: { p_limit?: number; p_run_id?: string; p_token?: string; p_workspace_id?: string }
        Returns: {
          created: number
          failed: number
          processed: number
          skipped: number
          updated: number
          upgraded: number
        }[]
      }
      transform_raw_contacts: {
        Args: { p_limit?: number; p_run_id?: string; p_token?: string; p_workspace_id?: string }
        Returns: {
          created: number
          failed: number
          processed: number
          skipped: number
          updated: number
          upgraded: number
        }[]
      }
      unmerge_contacts: { Args: { p_merge_id: string; p_workspace_id?: string }; Returns: undefined }
      unschedule_jobs: { Args: Record<PropertyKey, never>; Returns: number }
      update_channel_account: {
        Args: {
          p_channel_account_id: string
          p_display_name?: string
          p_is_active?: boolean
          p_settings?: Json
          p_workspace_id?: string
        }
        Returns: Json
      }
      update_conversation: {
        Args: { p_conversation_id: string; p_expected_version: number; p_patch: Json; p_workspace_id?: string }
        Returns: number
      }
      update_workspace: {
        Args: { p_default_country?: string; p_name?: string; p_settings: Json; p_workspace_id: string }
        Returns: Json
      }
      upsert_contact: {
        Args: { p_contact: Json; p_sync_source: string; p_workspace_id: string }
        Returns: {
          contact_id: string
          outcome: string
          sync_source: string
          version: number
        }[]
      }
      upsert_conversation_with_events: {
        Args: { p_channel_account_id: string; p_item: Json }
        Returns: {
          contact_id: string
          contact_outcome: string
          conversation_id: string
          error: Json
          events_duplicate: number
          events_inserted: number
          is_new: boolean
          version: number
        }[]
      }
    }
    Enums: {
      [_ in never]: never
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
}

type DatabaseWithoutInternals = Omit<Database, '__InternalSupabase'>

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, 'crm'>]

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema['Tables'] & DefaultSchema['Views'])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'] &
        DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Views'])
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'] &
      DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Views'])[TableName] extends {
      Row: infer R
    }
    ? R
    : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema['Tables'] & DefaultSchema['Views'])
    ? (DefaultSchema['Tables'] & DefaultSchema['Views'])[DefaultSchemaTableNameOrOptions] extends {
        Row: infer R
      }
      ? R
      : never
    : never

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends keyof DefaultSchema['Tables'] | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables']
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'][TableName] extends {
      Insert: infer I
    }
    ? I
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema['Tables']
    ? DefaultSchema['Tables'][DefaultSchemaTableNameOrOptions] extends {
        Insert: infer I
      }
      ? I
      : never
    : never

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends keyof DefaultSchema['Tables'] | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables']
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'][TableName] extends {
      Update: infer U
    }
    ? U
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema['Tables']
    ? DefaultSchema['Tables'][DefaultSchemaTableNameOrOptions] extends {
        Update: infer U
      }
      ? U
      : never
    : never

export type Enums<
  DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema['Enums'] | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions['schema']]['Enums']
    : never = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions['schema']]['Enums'][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema['Enums']
    ? DefaultSchema['Enums'][DefaultSchemaEnumNameOrOptions]
    : never

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema['CompositeTypes']
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions['schema']]['CompositeTypes']
    : never = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions['schema']]['CompositeTypes'][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema['CompositeTypes']
    ? DefaultSchema['CompositeTypes'][PublicCompositeTypeNameOrOptions]
    : never

export const Constants = {
  crm: {
    Enums: {},
  },
} as const
