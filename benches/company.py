"""The tables of a made-up company, by department, and the copies that its warehouse holds of them."""

from __future__ import annotations

# Department: lines of "table: columns | synonyms". A column x_id points to the table xs of the same department.
DEPARTMENTS = {
    "shop": """
        shop_customers: name email city country status created_at | customer, client, shopper
        products: name sku price cost product_category_id brand_id status created_at | item, article, product
        product_categories: name parent_code sort_order | product category, category of products
        brands: name country | brand, make
        orders: shop_customer_id order_number status total currency country placed_at shipped_at | order, purchase
        order_items: order_id product_id quantity unit_price discount | order line, line item
        carts: shop_customer_id status total created_at | cart, basket
        coupons: code discount valid_from valid_until is_active | coupon, voucher
        payment_methods: name provider fee is_active | payment method, way to pay
        refunds: order_id amount reason status refunded_at | refund
        returns: order_id product_id reason status received_at | return
        wishlists: shop_customer_id product_id added_at | wishlist
        product_reviews: product_id shop_customer_id rating title body created_at | product review, rating
        gift_cards: code balance currency issued_at | gift card
    """,
    "finance": """
        invoices: supplier_id invoice_number amount currency status due_on paid_at | invoice, bill
        suppliers: name country tax_number rating | supplier, vendor
        invoice_lines: invoice_id ledger_account_id amount description | invoice line
        ledger_accounts: code name kind | ledger account, account
        journal_entries: ledger_account_id amount posted_at description | journal entry, booking
        budgets: cost_centre_id year amount | budget
        cost_centres: name manager_name | cost centre
        bank_transfers: amount currency status executed_at reference | transfer, payment run
        dunning_letters: invoice_id level sent_at | reminder, dunning letter
        exchange_rates: currency rate valid_on | exchange rate
        tax_rates: country rate valid_from | tax rate
        fees_charged: supplier_id amount kind charged_at | fee charged
        expense_reports: employee_number amount status submitted_at | expense report, expense
        fixed_assets: name purchase_price condition bought_at | asset
    """,
    "crm": """
        accounts: name country industry owner_name created_at | account, company
        contacts: account_id first_name last_name email country created_at | contact, person
        leads: source status score country created_at | lead, prospect
        opportunities: account_id stage amount closed_at owner_name | opportunity, deal
        campaigns: name channel budget started_at ended_at | campaign
        campaign_members: campaign_id contact_id status joined_at | campaign member
        activities: contact_id kind subject done_at | activity
        quotes: opportunity_id amount status valid_until | quote, offer
        territories: name country manager_name | territory, region
        sales_targets: territory_id year amount | target, quota
        loyalty_members: name level points country joined_at | member, loyalty member
        newsletter_subscribers: email country status subscribed_at | subscriber
    """,
    "people": """
        employees: name email job_title department_id country salary hired_at is_active | employee, staff, person
        departments: name head_name cost_code | department
        reviews_hr: employee_id reviewer_name rating comment period reviewed_at | performance review, appraisal
        absences: employee_id kind days started_on | absence, sick leave
        payroll_runs: period total paid_at status | payroll run
        payslips: payroll_run_id employee_id gross net paid_at | payslip
        applicants: name country status applied_at | applicant, candidate
        job_postings: title department_id status published_at closed_at | job posting, job listing, vacancy
        trainings: title provider price held_on | training, course
        training_attendees: training_id employee_id rating attended_at | attendee
        timesheets: employee_id hours worked_on project_code | timesheet
        bonuses: employee_id amount reason paid_at | bonus
    """,
    "advertising": """
        ad_auctions: ad_slot_id floor_price winning_price status started_at ended_at | ad auction, impression auction
        bid_requests: ad_auction_id advertiser_id amount country requested_at | bid request
        bid_responses: bid_request_id amount status answered_at latency | bid response
        ad_slots: name site format reserve_price | ad slot, placement
        advertisers: name country budget status | advertiser, buyer seat
        publishers: name country revenue_share | publisher, seller
        creatives: advertiser_id title format status | creative, ad
        impressions: creative_id ad_slot_id price country shown_at | impression, view
        clicks: creative_id price country clicked_at | click
        conversions: creative_id value country converted_at | conversion
        audiences: name size source | audience, segment
        bid_floors: ad_slot_id amount valid_from | bid floor, minimum bid
    """,
    "support": """
        tickets: requester_name subject status priority opened_at closed_at | ticket, case
        ticket_comments: ticket_id author_name body created_at | ticket comment, reply
        agents: name team country hired_at | agent, supporter
        satisfaction_ratings: ticket_id score comment rated_at | satisfaction rating, satisfaction score
        chat_sessions: agent_id status started_at ended_at | chat, conversation
        call_logs: agent_id duration country called_at | call
        knowledge_articles: title body status views published_at | help article, knowledge article
        service_levels: name minutes priority | service level
        escalations: ticket_id reason level escalated_at | escalation
        macros: name body uses | canned reply
    """,
    "logistics": """
        warehouses: name city country capacity | warehouse, depot
        stock_levels: warehouse_id quantity sku counted_at | stock, inventory
        shipments: carrier_id warehouse_id status weight country shipped_at delivered_at | shipment, delivery
        carriers: name country rating | carrier
        shipment_items: shipment_id sku quantity | shipment item
        lots: warehouse_id sku quantity expires_on | lot, batch
        purchase_orders: order_number amount status ordered_at | purchase order
        goods_receipts: purchase_order_id warehouse_id quantity received_at | goods receipt
        vehicles: plate kind mileage bought_at | vehicle
        drivers: name licence country hired_at | driver
        routes: vehicle_id driver_id distance planned_on | route, tour
        customs_declarations: shipment_id value country declared_at | customs declaration
    """,
    "telemetry": """
        page_views: session_id url country duration viewed_at | page view, visit
        sessions: device_id country started_at ended_at | session
        devices: model os country first_seen_at last_seen_at | device
        events: session_id name value occurred_at | event
        errors_logged: device_id message severity logged_at | error, crash
        api_requests: endpoint status latency requested_at | request
        feature_flags: name is_active rollout created_at | feature flag
        experiments: name status started_at ended_at | experiment
        experiment_exposures: experiment_id device_id variant exposed_at | exposure
        sensor_readings: device_id value unit read_at | reading, measurement
        login_attempts: device_id user_name status country attempted_at | login attempt, login
        search_queries: session_id words results country searched_at | search
    """,
    "compliance": """
        watchlist_screenings: subject_name country status screened_at | watchlist screening, sanctions check
        sanctioned_persons: name country listed_at | sanctioned person, watchlist entry
        audits: title status started_on closed_on | audit
        contracts: party_name amount status signed_on expires_on | contract
        consents: subject_name kind status given_at | consent
        incidents: title severity status opened_at closed_at | incident
        fraud_cases: subject_name amount status opened_at closed_at | fraud case
        chargebacks: reference amount reason status received_at | chargeback
    """,
    "content": """
        cms_pages: title slug status author_name published_at | page
        cms_categories: name slug | content category
        blog_posts: title cms_category_id author_name status views published_at | post, blog article
        blog_comments: blog_post_id author_name body status created_at | blog comment
        media_files: name kind size uploaded_at | file, picture
        translations: locale text updated_at | translation
        tags: name uses | tag, label
        forum_threads: title author_name views created_at | thread, discussion
        forum_posts: forum_thread_id author_name body created_at | forum post
        polls: title status closed_at votes | poll
    """,
}
# Table.metric: what it is called besides, and what it adds up or averages.
METRICS = {
    "orders.shop_revenue": ("SUM({}.total)", "online revenue, shop turnover, order revenue", "placed_at"),
    "orders.average_order_value": ("AVG({}.total)", "average order value, average basket", "placed_at"),
    "refunds.refund_volume": ("SUM({}.amount)", "refund volume, amount refunded", "refunded_at"),
    "invoices.invoiced_amount": ("SUM({}.amount)", "invoiced amount, spend with suppliers", "paid_at"),
    "fees_charged.fees_paid": ("SUM({}.amount)", "fees paid to suppliers", "charged_at"),
    "opportunities.pipeline_value": ("SUM({}.amount)", "pipeline value, deal volume", "closed_at"),
    "opportunities.win_rate": ("AVG(CASE WHEN {0}.stage = 'won' THEN 1.0 ELSE 0 END)", "win rate", "closed_at"),
    "employees.headcount": ("COUNT({}.id)", "headcount, number of employees", "hired_at"),
    "reviews_hr.average_appraisal": ("AVG({}.rating)", "average appraisal, performance rating", "reviewed_at"),
    "impressions.ad_spend": ("SUM({}.price)", "ad spend, advertising spend", "shown_at"),
    "bid_requests.bid_volume": ("SUM({}.amount)", "bid volume", "requested_at"),
    "ad_auctions.fill_rate": ("AVG(CASE WHEN {0}.status = 'won' THEN 1.0 ELSE 0 END)", "fill rate", "ended_at"),
    "tickets.open_tickets": ("COUNT({}.id)", "ticket volume, number of tickets", "opened_at"),
    "satisfaction_ratings.satisfaction": ("AVG({}.score)", "customer satisfaction, average satisfaction", "rated_at"),
    "product_reviews.product_rating": ("AVG({}.rating)", "average product rating", "created_at"),
    "page_views.traffic": ("COUNT({}.id)", "traffic, number of visits", "viewed_at"),
    "conversions.ad_conversion_value": ("SUM({}.value)", "conversion value", "converted_at"),
    "shipments.delivered_weight": ("SUM({}.weight)", "delivered weight", "delivered_at"),
    "chargebacks.chargeback_volume": ("SUM({}.amount)", "chargeback volume", "received_at"),
}
COPIES = (
    ("{}_archive", "archived {}", "Rows of {} that were moved out of the way.", "archived_at"),
    ("{}_history", "{} history", "Every earlier state of {}.", "valid_until"),
    ("stg_{}", "staged {}", "Staging copy of {} before it is loaded.", "loaded_at"),
    ("{}_emea", "European {}", "The copy of {} for Europe, the Middle East and Africa.", "synced_at"),
    ("{}_apac", "Asian {}", "The copy of {} for Asia and the Pacific.", "synced_at"),
    ("{}_audit", "{} audit", "Who changed what of {}.", "changed_at"),
    ("legacy_{}", "legacy {}", "What {} was before the migration.", "migrated_at"),
    ("{}_2023", "{} of 2023", "{} as it was at the end of 2023.", "closed_year_at"),
    ("{}_daily", "daily {}", "{} added up by day.", "counted_at"),
)
# What wide tables make of a column besides.
COLUMN_FORMS = ("previous_{}", "{}_raw", "{}_source", "{}_normalised", "first_{}", "last_{}", "{}_corrected", "{}_hash")
VALUES = {
    "country": "DE=Germany,German;US=United States,USA,American;FR=France,French;GB=United Kingdom,UK,British;IT=Italy",
    "status": "active;closed;cancelled=canceled;paid;open;pending",
    "currency": "EUR=euro;USD=dollar;GBP=pound",
    "priority": "low;normal;high;urgent",
    "condition": "new;used;broken",
}
