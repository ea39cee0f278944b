-- Rows for the retail example of the format: an item never sold, a sale at a loss, two stores in one state.
CREATE TABLE date_dim (
  d_date_sk INTEGER PRIMARY KEY, d_date TEXT, d_year INTEGER, d_quarter_name TEXT, d_month_name TEXT
);
CREATE TABLE customer (
  c_customer_sk INTEGER PRIMARY KEY, c_customer_id TEXT, c_first_name TEXT, c_last_name TEXT, c_email_address TEXT
);
CREATE TABLE item (
  i_item_sk INTEGER PRIMARY KEY, i_item_id TEXT, i_item_desc TEXT, i_brand TEXT, i_category TEXT, i_current_price REAL
);
CREATE TABLE store (
  s_store_sk INTEGER PRIMARY KEY, s_store_id TEXT, s_store_name TEXT, s_city TEXT, s_state TEXT,
  s_number_employees INTEGER
);
CREATE TABLE store_sales (
  ss_sold_date_sk INTEGER, ss_item_sk INTEGER, ss_customer_sk INTEGER, ss_store_sk INTEGER, ss_ticket_number INTEGER,
  ss_quantity INTEGER, ss_sales_price REAL, ss_ext_sales_price REAL, ss_net_profit REAL,
  PRIMARY KEY (ss_item_sk, ss_ticket_number)
);
INSERT INTO date_dim VALUES
  (1, '2024-11-20', 2024, '2024Q4', 'November'), (2, '2025-02-10', 2025, '2025Q1', 'February'),
  (3, '2025-02-11', 2025, '2025Q1', 'February'), (4, '2025-07-01', 2025, '2025Q3', 'July');
INSERT INTO customer VALUES
  (1, 'C001', 'Ann', 'Reed', 'ann@shop.example'), (2, 'C002', 'Ben', 'Stone', 'ben@shop.example'),
  (3, 'C003', 'Cleo', 'Moss', 'cleo@shop.example'), (4, 'C004', 'Dan', 'Field', 'dan@shop.example');
INSERT INTO item VALUES
  (1, 'I01', 'Oak chair', 'Norr', 'Home', 80.0), (2, 'I02', 'Desk lamp', 'Norr', 'Home', 35.0),
  (3, 'I03', 'Trail shoe', 'Velo', 'Sports', 95.0), (4, 'I04', 'Rain jacket', 'Velo', 'Sports', 120.0),
  (5, 'I05', 'Notebook', 'Folio', 'Books', 6.0);
INSERT INTO store VALUES
  (1, 'S1', 'Harbor', 'Salem', 'OR', 12), (2, 'S2', 'Hill', 'Portland', 'OR', 30), (3, 'S3', 'Lake', 'Tacoma', 'WA', 8);
INSERT INTO store_sales VALUES
  (1, 1, 1, 1, 501, 2, 80.0, 160.0, 40.0),
  (1, 3, 1, 1, 501, 1, 95.0, 95.0, 20.0),
  (2, 2, 2, 2, 502, 3, 30.0, 90.0, -5.0),
  (2, 4, 2, 2, 502, 1, 120.0, 120.0, 35.0),
  (3, 1, 3, 2, 503, 4, 75.0, 300.0, 60.0),
  (4, 3, 1, 3, 504, 2, 95.0, 190.0, 45.0),
  (4, 4, 3, 3, 505, 1, 110.0, 110.0, 25.0),
  (4, 2, 3, 1, 506, 1, 35.0, 35.0, 8.0);
