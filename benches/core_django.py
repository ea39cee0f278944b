"""The yardstick of another framework: the same bid in Django's usual way, a row lock inside an atomic block."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pymysql
from sqlalchemy import make_url

from auction_core.bidding import minimum_next_bid
from benches.core_clients import Client, Seen

pymysql.install_as_MySQLdb()

import django  # noqa: E402
from django.conf import settings  # noqa: E402


def connect(url: str) -> Client:
    """Once in a process. Each thread keeps its connection from bid to bid."""
    address = make_url(url)
    settings.configure(
        USE_TZ=False,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.mysql",
                "HOST": address.host or "localhost",
                "PORT": str(address.port or 3306),
                "USER": address.username or "",
                "PASSWORD": address.password or "",
                "NAME": address.database or "",
                "CONN_MAX_AGE": None,
            }
        },
    )
    django.setup()
    from django.db import connections, models, transaction

    class Listing(models.Model):
        seller_id = models.IntegerField()
        status = models.CharField(max_length=10)
        starting_price = models.DecimalField(max_digits=12, decimal_places=2)
        current_bid = models.DecimalField(max_digits=12, decimal_places=2, null=True)
        highest_bidder_id = models.IntegerField(null=True)
        bid_count = models.IntegerField()
        ends_at = models.DateTimeField()

        class Meta:
            app_label = "bench"
            managed = False
            db_table = "listings"

    class Bid(models.Model):
        id = models.BigAutoField(primary_key=True)
        listing_id = models.IntegerField()
        bidder_id = models.IntegerField()
        amount = models.DecimalField(max_digits=12, decimal_places=2)
        placed_at = models.DateTimeField()

        class Meta:
            app_label = "bench"
            managed = False
            db_table = "bids"

    def bid(bidder_id: int, listing_id: int, amount: Decimal) -> Seen:
        with transaction.atomic():
            listing = Listing.objects.select_for_update().get(pk=listing_id)
            minimum = minimum_next_bid(listing.current_bid, listing.starting_price)
            now = datetime.now(UTC).replace(tzinfo=None)
            if (
                listing.status != "active"
                or listing.ends_at <= now
                or listing.seller_id == bidder_id
                or amount < minimum
            ):
                return Seen(False, minimum)
            Bid.objects.create(listing_id=listing_id, bidder_id=bidder_id, amount=amount, placed_at=now)
            listing.current_bid = amount
            listing.highest_bidder_id = bidder_id
            listing.bid_count += 1
            listing.save(update_fields=["current_bid", "highest_bidder_id", "bid_count"])
        return Seen(True, minimum_next_bid(amount, listing.starting_price))

    return lambda: (bid, connections.close_all)
