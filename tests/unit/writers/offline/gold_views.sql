-- Wide views that keep the hand-written gold of questions.yaml short. Written from the schema, not from the writer.
-- listings_: final_price and buyer only of sold listings; sniped by the definition of 0 to 60 seconds before the end.
CREATE TEMP VIEW listings_ AS
SELECT
  l.id, l.title, l.status, l.item_condition AS cond, l.starting_price AS start, l.buy_now_price AS buynow,
  l.current_bid AS cur, l.closed_at AS closed, l.created_at AS created, l.starts_at AS starts, l.ends_at AS ends,
  l.seller_id AS sid, p.name AS cat, c.name AS sub, s.country AS sc, s.username AS sn, l.bid_count,
  CASE WHEN l.status = 'sold' THEN l.highest_bidder_id END AS byr,
  CASE WHEN l.status = 'sold' THEN b.country END AS bc,
  CASE WHEN l.status = 'sold' THEN b.username END AS bn,
  CASE WHEN l.status = 'sold' THEN l.current_bid END AS fp,
  l.status = 'sold' AND EXISTS (
    SELECT 1 FROM bids AS x
    WHERE x.listing_id = l.id AND x.amount = l.current_bid
      AND julianday(l.ends_at) - julianday(x.placed_at) BETWEEN 0 AND 60.0 / 86400 + 1e-9
  ) AS sniped
FROM listings AS l
JOIN categories AS c ON c.id = l.category_id
JOIN categories AS p ON p.id = c.parent_id
JOIN users AS s ON s.id = l.seller_id
LEFT JOIN users AS b ON b.id = l.highest_bidder_id;

CREATE TEMP VIEW bids_ AS
SELECT
  b.id, b.listing_id AS lid, b.bidder_id AS uid, b.amount AS amt, b.placed_at AS at, u.username AS un, u.country AS uc,
  l.cat, l.sub, l.status, l.cond, l.sn, l.sc, l.title
FROM bids AS b JOIN users AS u ON u.id = b.bidder_id JOIN listings_ AS l ON l.id = b.listing_id;

CREATE TEMP VIEW payments_ AS
SELECT p.*, u.username AS un, u.country AS uc, l.cat, l.sub, l.sc, l.sn, l.cond
FROM payments AS p JOIN users AS u ON u.id = p.buyer_id JOIN listings_ AS l ON l.id = p.listing_id;

CREATE TEMP VIEW reviews_ AS
SELECT
  r.id, r.listing_id AS lid, r.reviewer_id AS rr, r.reviewee_id AS re, r.rating, r.created_at AS created,
  a.country AS rrc, a.username AS rrn, e.country AS rec, e.username AS ren, r.reviewee_id = l.sid AS about_seller, l.cat
FROM reviews AS r
JOIN users AS a ON a.id = r.reviewer_id
JOIN users AS e ON e.id = r.reviewee_id
JOIN listings_ AS l ON l.id = r.listing_id;

CREATE TEMP VIEW comments_ AS
SELECT
  c.id, c.listing_id AS lid, c.user_id AS uid, c.created_at AS created, u.country AS uc, u.username AS un,
  l.cat, l.sub, l.status, l.sn
FROM comments AS c JOIN users AS u ON u.id = c.user_id JOIN listings_ AS l ON l.id = c.listing_id;

CREATE TEMP VIEW watches_ AS
SELECT w.user_id AS uid, w.listing_id AS lid, w.created_at AS created, u.country AS uc, u.username AS un, l.cat, l.status
FROM watchlist AS w JOIN users AS u ON u.id = w.user_id JOIN listings_ AS l ON l.id = w.listing_id;

CREATE TEMP VIEW bids_by AS
SELECT u.username AS uid, COUNT(*) AS n FROM bids AS b JOIN users AS u ON u.id = b.bidder_id GROUP BY b.bidder_id;
