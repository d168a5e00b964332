create function crm_private.last_word(p_words crm_private.field_word[])
returns crm_private.field_word
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_last crm_private.field_word := p_words[1];
  v_word crm_private.field_word;
begin
  foreach v_word in array p_words loop
    if crm_private.field_wins(v_word.source, v_word.at, v_word.value, v_word.delivery,
        v_last.source, v_last.at, v_last.value, v_last.delivery) then
      v_last := v_word;
    end if;
  end loop;
  return v_last;
end;
$$;
comment on function crm_private.last_word(crm_private.field_word[]) is
  'The word that wins against all others on the same field, by the order of fields (field_wins); null of none.';
