-- The character classes: digits (ASCII, full-width, Arabic-Indic, Eastern Arabic-Indic),
-- punctuation (dashes, slashes, dots, some spaces, brackets, tildes). Upper and lower
-- case are both written out, so that no locale decides what a letter is.
create function crm_private.phone_dialled(p_raw text)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  v_digit constant text := '0-9\uFF10-\uFF19\u0660-\u0669\u06F0-\u06F9';
  v_digits constant text :=
    U&'\FF10\FF11\FF12\FF13\FF14\FF15\FF16\FF17\FF18\FF19'
    '\0660\0661\0662\0663\0664\0665\0666\0667\0668\0669'
    '\06F0\06F1\06F2\06F3\06F4\06F5\06F6\06F7\06F8\06F9';
  v_punctuation constant text :=
    '-\u2010-\u2015\u2212\u30FC\uFF0D\uFF0F/\uFF0E. \u00A0\u00AD\u200B\u2060\u3000'
    '()\uFF08\uFF09\uFF3B\uFF3D\[\]~\u2053\u223C\uFF5E';
  v_plain constant text :=
    '^[+\uFF0B]?(?:[' || v_punctuation || ']*[' || v_digit || ']){3}[' || v_punctuation || v_digit || ']*';
  -- Labels by how clear they are: the vaguer, the fewer digits follow. Last come an extension between dashes and a hash
  -- as in the US, the pauses of dialling programs, and commas.
  v_extension constant text := replace(
    ';ext=[D]{1,20}'
    || '|[ \u00A0\t,]*(?:[eE]?[xX][tT](?:[eE][nN][sS][iI](?:[oO]\u0301?|[\u00F3\u00D3]))?[nN]?'
      '|[\uFF45\uFF25]?[\uFF58\uFF38][\uFF54\uFF34][\uFF4E\uFF2E]?'
      '|[\u0434\u0414\u1C81][\u043E\u041E\u1C82][\u0431\u0411]'
      '|[aA][nN][eE][xX][oO])[:.\uFF0E]?[ \u00A0\t,-]*[D]{1,20}#?'
    || '|[ \u00A0\t,]*(?:[xX\uFF58\uFF38#\uFF03~\uFF5E]|[iI][nN][tT]|[\uFF49\uFF29][\uFF4E\uFF2E][\uFF54\uFF34])'
      '[:.\uFF0E]?[ \u00A0\t,-]*[D]{1,9}#?'
    || '|[- ]+[D]{1,6}#'
    || '|[ \u00A0\t]*(?:,,|;)[:.\uFF0E]?[ \u00A0\t,-]*[D]{1,15}#?'
    || '|[ \u00A0\t]*,+[:.\uFF0E]?[ \u00A0\t,-]*[D]{1,9}#?', '[D]', '[' || v_digit || ']');
  v_at int := strpos(p_raw, ';phone-context=');
  v_number text;
begin
  if v_at > 0 then
    v_number := crm_private.phone_in_context(p_raw, v_at);
  elsif length(p_raw) <= 125
    or length(p_raw) + length(regexp_replace(p_raw, '[\U00000001-\U0000FFFF]+', '', 'g')) <= 250 then
    v_number := substring(p_raw from '[+\uFF0B' || v_digit || '].*[#' || v_digit || ']');
  end if;
  v_at := strpos(v_number, ';isub=');
  if v_at > 1 then
    v_number := left(v_number, v_at - 1);
  end if;

  -- Digits and punctuation alone hold no extension, unless a tilde begins it.
  if v_number !~ (v_plain || '$') or v_number ~ '[~\uFF5E]' then
    if v_number !~ (v_plain || '(?:' || v_extension || ')?$') then
      return null;
    end if;
    v_number := regexp_replace(v_number, '(?:' || v_extension || ')$', '');
  end if;
  return regexp_replace(translate(v_number, v_digits, '012345678901234567890123456789'), '[^+0-9]+', '', 'g');
end;
$$;
comment on function crm_private.phone_dialled(text) is
  'The number in a text as it would be dialled: a + if it has one, then its digits, without extension.

Null when there is none. It reads at most 250 UTF-16 units, except of a tel: URI with a phone-context. It does not turn
letters into digits. Source: parse() of libphonenumber-js.';
