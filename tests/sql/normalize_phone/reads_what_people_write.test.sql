begin;
select plan(44);

select is(crm.normalize_phone(c.raw, 'CO'), c.number, coalesce(c.description, c.raw))
from (values
  ('(+57) 300-123.45.67', '+573001234567', null),
  ('[300] 123/4567', '+573001234567', null),
  (U&'+57\00A0300\2011123\22124567', '+573001234567', 'no-break space, no-break hyphen, minus'),
  (U&'\202A+57 300 123 4567\202C', '+573001234567', 'marks of direction around it'),
  (U&'\FF0B\FF15\FF17\FF13\FF10\FF10\FF11\FF12\FF13\FF14\FF15\FF16\FF17', '+573001234567', 'full-width plus and digits'),
  (U&'+\0665\0667\0663\0660\0660\0661\0662\0663\0664\0665\0666\0667', '+573001234567', 'Arabic-Indic digits'),
  (U&'+\06F5\06F7\06F3\06F0\06F0\06F1\06F2\06F3\06F4\06F5\06F6\06F7', '+573001234567', 'Eastern Arabic-Indic digits'),
  (U&'+\096B\096D\0969\0966\0966\0967\0968\0969\096A\096B\096C\096D', null, 'Devanagari digits are not read'),
  ('Cel: 300 123 4567', '+573001234567', 'words before'),
  ('300 123 4567 (WhatsApp)', '+573001234567', 'words after'),
  ('300 123 4567 / 301 765 4321', null, 'two numbers are none'),
  ('300 123 or 4567', null, 'words inside'),
  ('300 FLOWERS', null, 'letters are not digits'),
  ('+57 300 +1234567', null, 'a plus inside'),
  ('++573001234567', null, 'two of them'),
  (U&'\FF0B1 212 373 4253', '+5712123734253', 'a full-width plus is no plus: the digits are read as the country''s'),
  ('tel:+57-300-123-4567', '+573001234567', null),
  ('tel:300-123-4567;phone-context=+57', '+573001234567', null),
  ('tel:300-123-4567;phone-context=com', '+573001234567', 'a domain as the context is left out'),
  ('tel:300-123-4567;phone-context=example.com', null, 'but letters are known only in its last part'),
  ('tel:300-123-4567;phone-context=+1', '+13001234567', 'a context of another country'),
  ('tel:300-123-4567;phone-context=', null, 'an empty context'),
  ('tel:300-123-4567;phone-context=+5x', null, 'a context that is neither number nor domain'),
  ('tel:300-123-4567;phone-context=com;x=1', '+573001234567', 'a parameter after the context'),
  (';phone-context=+573001234567;tel:', null, 'a context alone'),
  ('tel:300-123-4567;isub=12345', '+573001234567', null),
  ('tel:300-123-4567;ext=12', '+573001234567', null),
  ('300 123 4567 ext. 12', '+573001234567', null),
  ('300 123 4567 Extensión 12', '+573001234567', null),
  (U&'300 123 4567 extensio\0301n 12', '+573001234567', 'extensión with a combining accent'),
  ('300 123 4567 x12', '+573001234567', null),
  ('300 123 4567 X 12#', '+573001234567', null),
  ('300 123 4567 #12', '+573001234567', null),
  ('300 123 4567~12', '+573001234567', null),
  ('300 123 4567 ДОБ. 12', '+573001234567', null),
  ('300 123 4567 anexo 12', '+573001234567', null),
  ('300 123 4567 int 12', '+573001234567', null),
  ('300 123 4567 - 12#', '+573001234567', null),
  ('300 123 4567,,12', '+573001234567', null),
  ('300 123 4567;12', '+573001234567', null),
  ('300 123 4567, 12', '+573001234567', null),
  ('300 123 4567 ext ' || repeat('1', 20), '+573001234567', 'twenty digits after ext'),
  ('300 123 4567 ext ' || repeat('1', 21), null, 'and no more'),
  ('300 123 4567 x' || repeat('1', 10), null, 'nine after x')
) c (raw, number, description);

select * from finish();
rollback;
