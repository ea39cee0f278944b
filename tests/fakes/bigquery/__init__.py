"""A local stand-in for the BigQuery REST API, for Google's own client to talk to.

What it does as documented (https://cloud.google.com/bigquery/docs/reference/rest/v2, and /docs/error-messages,
/docs/best-practices-costs, /docs/reference/standard-sql/data-types#data_type_sizes, /pricing):

- jobs.insert, jobs.query, jobs.get, jobs.getQueryResults, jobs.cancel; datasets.get; tables.list, tables.get;
  tabledata.list. Jobs run on a thread of their own: PENDING, RUNNING, DONE, and jobComplete is false until then.
- A job id can be used once (409 duplicate) and is found in its own location only. Labels are checked and kept.
- Pages: maxResults, pageToken, startIndex, at most 10 MB of rows. Times as microseconds or as seconds.
- Dry runs: statementType, schema, referencedTables, totalBytesProcessed. Bytes are those of all rows of the columns
  that are really read, by the documented size of each type. 10 MB at least are billed for each table,
  maximumBytesBilled limits what is billed, and the result of a text that ran before is free while no table changed.
- jobTimeoutMs and jobs.cancel end the job. Errors have the API's form, reasons and HTTP codes.
- SQL is read and resolved by ZetaSQL, BigQuery's own analyser, offline: what it refuses is an invalidQuery with its
  words and position. DuckDB then runs it in translation.
- The Storage Read API, over gRPC: a read session on the table of a job's result, of one stream, and ReadRows from an
  offset, as Arrow with or without LZ4. Any account may, unless a fault says no.
- INFORMATION_SCHEMA.TABLES, COLUMNS and COLUMN_FIELD_PATHS. A table that requires a filter on its partition column
  refuses to be read without any.
- Quotas of running jobs and of requests, and faults, for tests that want them: see `faults.Faults`.

What it does not do: writing by SQL (a dry run tells its statement type, a run is refused as accessDenied, as an account
that may only read is), scripts, legacy SQL, query parameters, reading fewer bytes for a partition or a cluster,
permissions of single tables, views, external tables, storage sessions on tables that are no result, sessions, regions
other than the dataset's.
Numbers are those of DuckDB: a NUMERIC has 38 digits at most, AVG of a NUMERIC is a float on its way, and as a text it
keeps its zeros.
"""
