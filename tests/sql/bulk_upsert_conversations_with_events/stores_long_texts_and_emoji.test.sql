begin;
select plan(4);

select tests.create_acme();
create temporary table texts as select * from (values ('long', repeat('ñ', 10000)), ('emoji', '👩🏽‍🔧 ¡Hola! 🇨🇴'), ('quotes', E'it''s "quoted" \\ and\nnewline'), ('empty', '')) t (id, text);
select tests.deliver(tests.chat('P1', tests.said('first', 0)));
select tests.deliver(tests.chat('P1', tests.said(t.id, 1, t.text))) from texts t;
-- An empty text is none: a copy without a text says the same.
select is((tests.message(t.id)).body, nullif(t.text, ''), t.id) from texts t;

select * from finish();
rollback;
