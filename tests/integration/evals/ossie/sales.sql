-- Rows for the sales example of the format: a customer without orders, an order without a discount, two years.
CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE orders (
  order_id INTEGER PRIMARY KEY, customer_id INTEGER, order_date TEXT, subtotal REAL, discount REAL
);
INSERT INTO customers VALUES (1, 'Aster Foods'), (2, 'Birch Tools'), (3, 'Cedar Books'), (4, 'Dune Travel');
INSERT INTO orders VALUES
  (101, 1, '2025-01-15', 120.00, 20.00),
  (102, 1, '2025-02-03', 80.00, 0.00),
  (103, 2, '2025-02-20', 250.00, 25.00),
  (104, 2, '2025-11-30', 40.00, 4.00),
  (105, 3, '2026-01-09', 310.00, 31.00),
  (106, 1, '2026-03-14', 60.00, 6.00),
  (107, 3, '2026-03-31', 95.00, 0.00),
  (108, 1, '2026-06-02', 150.00, 15.00);
