-- The database of one service (auth, meetings or phone) and its two roles, on PostgreSQL 15 or newer. Run it by psql, as
-- a role that may make roles and databases, once for each service:
--
--   OWNER_PASSWORD=… RUN_PASSWORD=… psql -X -d postgres -v service=auth -f deploy/postgres/roles.sql
--
-- <service>_owner owns the schema: it is for `migrate` alone. <service>_run reads and writes rows, and nothing else: it
-- is for `serve`. Both get in here and into no other service's database. What is there already is left or set right, so
-- that the same command gives new passwords, and the rights of tables that came back from a backup.

\set ON_ERROR_STOP on
\getenv owner_password OWNER_PASSWORD
\getenv run_password RUN_PASSWORD
\set owner :service _owner
\set run :service _run

SELECT format('CREATE ROLE %I LOGIN', role) FROM unnest(ARRAY[:'owner', :'run']) AS role
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec
ALTER ROLE :"owner" PASSWORD :'owner_password';
ALTER ROLE :"run" PASSWORD :'run_password';
-- Who is no superuser makes things for a role only as one of its members.
SELECT format('GRANT %I TO CURRENT_USER', :'owner')
  WHERE NOT (SELECT rolsuper FROM pg_roles WHERE rolname = CURRENT_USER) \gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'service', :'owner')
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'service') \gexec

\connect :service
SET ROLE :"owner";
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"service" TO :"run";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"run";
-- Tables that are there, and those that migrations will make.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :"run";
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO :"run";
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"run";
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO :"run";
