begin;
select plan(1);

select is_empty($$
  select v.raw
  from (values (null), (''), ('Ana@X.co'), (U&'\00A0Ana@X.co\2003'), ('ana'), ('a@b@c'), (' @x.co'), ('ana@ ')) v (raw)
  where crm_private.canonical_identity_value('email', v.raw, null) is distinct from crm.normalize_email(v.raw)
$$, 'an e-mail identity is stored as normalize_email gives it');

select * from finish();
rollback;
