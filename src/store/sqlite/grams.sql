-- Substrings that the library makes of texts and names, so that FTS5 needs to know neither. With
-- `detail = none` SQLite 3.53 loses rows that are deleted and written again in one transaction.
CREATE VIRTUAL TABLE text_gram USING fts5 (grams, content = '', detail = column, tokenize = 'ascii');
CREATE VIRTUAL TABLE name_gram USING fts5 (grams, content = '', detail = column, tokenize = 'ascii');
