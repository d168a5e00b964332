-- I3
begin;
select plan(7);

create temporary table words as
select row_number() over () as n, row(1, s.source, t.at, v.value, d.delivery)::crm_private.field_word as word
from (values ('chat_embedded'), ('contacts_api')) s (source)
cross join (values (null::timestamptz), ('2026-01-01 00:00:00+00'), ('2026-01-02 00:00:00+00')) t (at)
cross join (values ('1'::jsonb), ('"1"'), ('"Ana"'), ('"ana"')) v (value)
cross join (values (null::text), ('d1'), ('d2')) d (delivery);
create function pg_temp.wins(p_one crm_private.field_word, p_other crm_private.field_word) returns boolean language sql as $$
  select crm_private.field_wins(p_one.source, p_one.at, p_one.value, p_one.delivery,
    p_other.source, p_other.at, p_other.value, p_other.delivery)
$$;

select is_empty($$ select w.word from words w where pg_temp.wins(w.word, w.word) is not false $$, 'no word wins against itself');
select is_empty($$
  select a.word, b.word from words a join words b on b.n <> a.n where pg_temp.wins(a.word, b.word) = pg_temp.wins(b.word, a.word)
$$, 'of two words, one wins');
select is_empty($$
  select a.word, b.word
  from words a join words b on b.n <> a.n
  where ((a.word).source, (b.word).source) = ('contacts_api', 'chat_embedded') and not pg_temp.wins(a.word, b.word)
    or (a.word).source = (b.word).source
      and coalesce((a.word).at, '-infinity') > coalesce((b.word).at, '-infinity') and not pg_temp.wins(a.word, b.word)
$$, 'the Contacts API outweighs a chat, whatever the time; of one source the later time wins');
select is_empty($$
  select a.word, b.word
  from words a join words b on ((b.word).source, coalesce((b.word).at, '-infinity')) = ((a.word).source, coalesce((a.word).at, '-infinity'))
  where ((a.word).value, (b.word).value) = ('"ana"', '"Ana"') and not pg_temp.wins(a.word, b.word)
    or ((a.word).value, (b.word).value) = ('1', '"1"') and not pg_temp.wins(a.word, b.word)
$$, 'then the greater value by code point, and of two that read alike the greater JSON');
select is_empty($$
  select a.word, b.word
  from words a join words b on ((b.word).source, coalesce((b.word).at, '-infinity'), (b.word).value)
    = ((a.word).source, coalesce((a.word).at, '-infinity'), (a.word).value)
  where coalesce((a.word).delivery, '') > coalesce((b.word).delivery, '') and not pg_temp.wins(a.word, b.word)
$$, 'then the greater delivery');

select is((
  select count(distinct crm_private.last_word(o.words))
  from (
    select array_agg(w.word order by case p.n % 2 when 0 then (w.n * p.n) % 73 else -(w.n * p.n) % 73 end) as words
    from words w cross join generate_series(1, 72) p (n)
    group by p.n
  ) o), 1::bigint, 'the last word is the same in every order');
select is(crm_private.last_word('{}'), null, 'of no words there is none');

select * from finish();
rollback;
