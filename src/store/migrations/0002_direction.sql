-- Which way a call went: inbound, outbound, internal or service. Nobody knows it of the calls before.

ALTER TABLE calls ADD COLUMN direction TEXT;
