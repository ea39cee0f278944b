"""The categories: what each child sells, at what price, how often, and how its bidders behave."""

# One row for each category reads better than wrapped ones.
# ruff: noqa: E501

from dataclasses import dataclass

from auction_core.fees import FEE_RATES


@dataclass(frozen=True, slots=True)
class Section:
    """A top-level category. Rates are probabilities."""

    name: str
    weight: float
    sold: float
    sniped: float
    buy_now: float

    @property
    def fee(self) -> float:
        """The platform's share of the final price."""
        return float(FEE_RATES[self.name])


# Weights follow no source: they give a large head, a thin tail, and enough rows of each in the small scale.
SECTIONS: tuple[Section, ...] = (
    Section("Electronics", 19.0, 0.76, 0.30, 0.22),
    Section("Fashion", 14.0, 0.66, 0.14, 0.18),
    Section("Home & Garden", 10.0, 0.64, 0.10, 0.12),
    Section("Collectibles", 12.0, 0.78, 0.52, 0.05),
    Section("Art", 5.0, 0.52, 0.08, 0.05),
    Section("Jewelry & Watches", 9.0, 0.70, 0.42, 0.08),
    Section("Books & Media", 12.0, 0.62, 0.18, 0.10),
    Section("Sports & Outdoors", 7.0, 0.68, 0.16, 0.12),
    Section("Toys & Hobbies", 8.0, 0.74, 0.26, 0.12),
    Section("Vehicles", 3.0, 0.50, 0.07, 0.04),
    Section("Musical Instruments", 4.0, 0.68, 0.22, 0.08),
    Section("Business & Industrial", 3.0, 0.56, 0.05, 0.10),
)

DECLINING_SECTION = "Books & Media"
# Share of its first weight that the declining section keeps on the last day.
DECLINE_TO = 0.22


@dataclass(frozen=True, slots=True)
class Child:
    """`price` is the median final price in euros, `spread` the sigma of its logarithm.

    `years` bounds the year shown in a title; without it titles show none.
    """

    section: str
    name: str
    weight: int
    price: float
    spread: float
    years: tuple[int, int] | None
    items: tuple[str, ...]
    details: tuple[str, ...]


def _child(
    section: str,
    name: str,
    weight: int,
    price: float,
    spread: float,
    items: str,
    details: str,
    years: tuple[int, int] | None = None,
) -> Child:
    return Child(section, name, weight, price, spread, years, tuple(items.split("|")), tuple(details.split("|")))


_E, _F, _H, _C = "Electronics", "Fashion", "Home & Garden", "Collectibles"
_A, _J, _B, _S = "Art", "Jewelry & Watches", "Books & Media", "Sports & Outdoors"
_T, _V, _M, _I = "Toys & Hobbies", "Vehicles", "Musical Instruments", "Business & Industrial"

# fmt: off
CHILDREN: tuple[Child, ...] = (
    _child(_E, "Phones", 30, 210, 0.6, "iPhone 12|iPhone 13 Pro|Galaxy S21|Galaxy S22 Ultra|Pixel 7|Pixel 6a|Xperia 5|Fairphone 4", "64 GB, unlocked|128 GB, boxed|256 GB, black|new battery|cracked back, works"),
    _child(_E, "Laptops", 22, 420, 0.6, "ThinkPad X1 Carbon|MacBook Air M1|MacBook Pro 14|XPS 13|Latitude 7420|ZenBook 14|Surface Laptop 4", "16 GB, 512 GB SSD|8 GB, 256 GB SSD|QWERTZ keyboard|with charger|for parts"),
    _child(_E, "Cameras", 16, 260, 0.8, "Leica M3|Nikon F3|Canon AE-1|Olympus OM-1|Pentax K1000|Hasselblad 500C|Minolta X-700|Rolleiflex 2.8F", "with 50 mm lens|body only|new light seals|working meter|leather case", (1954, 1989)),
    _child(_E, "Audio", 16, 130, 0.8, "Marantz 2230 receiver|Technics SL-1200 turntable|Sony Walkman|Bose QC35 headphones|KEF LS50 speakers|Revox A77 tape deck", "serviced|one owner|pair|original box|new belt"),
    _child(_E, "Gaming", 16, 110, 0.7, "PlayStation 5|Nintendo Switch OLED|Game Boy Color|Steam Deck|Xbox Series X|Sega Mega Drive|Nintendo 64", "two controllers|512 GB|tested|with five games|boxed, complete"),
    _child(_F, "Shoes", 32, 62, 0.6, "Suede loafers|Leather Chelsea boots|Running shoes|High-top sneakers|Brogues|Ankle boots|Trail shoes", "size 38|size 41|size 43|size 45, unworn|resoled"),
    _child(_F, "Handbags", 24, 180, 0.9, "Leather tote|Quilted shoulder bag|Canvas crossbody bag|Doctor bag|Bucket bag|Woven clutch", "cognac|black, gold hardware|with dust bag|vintage 1970s|navy"),
    _child(_F, "Dresses", 20, 48, 0.6, "Silk evening dress|Linen summer dress|Wrap dress|Wool shift dress|Embroidered maxi dress|Tea dress", "size S|size M|size L, new with tags|emerald green|floral"),
    _child(_F, "Jackets", 24, 85, 0.7, "Waxed field jacket|Leather biker jacket|Denim jacket|Down parka|Harris tweed blazer|Rain shell", "size M|size L|size XL, unlined|olive|made in Italy"),
    _child(_H, "Furniture", 26, 190, 0.9, "Teak sideboard|Bentwood chair|Oak dining table|Lounge chair|Walnut bookcase|Rattan armchair", "mid-century|set of four|restored|needs some care|pick-up only"),
    _child(_H, "Kitchen", 26, 58, 0.7, "Cast iron casserole|Espresso machine|Stand mixer|Copper pan set|Chef's knife|Enamel kettle", "red|stainless steel|hardly used|26 cm|with spare parts"),
    _child(_H, "Lighting", 18, 75, 0.8, "Brass desk lamp|Glass pendant|Arc floor lamp|Opaline ceiling light|Ship's lantern|Mushroom table lamp", "rewired|pair|1960s design|chrome|smoked glass"),
    _child(_H, "Garden Tools", 16, 52, 0.7, "Hedge trimmer|Cylinder mower|Pruning saw|Cordless leaf blower|Spade and fork set|Wheelbarrow", "two batteries|sharpened|ash handle|as new|petrol"),
    _child(_H, "Rugs", 14, 160, 0.9, "Hand-knotted rug|Kilim|Shaggy wool rug|Runner|Berber rug", "200 x 300 cm|160 x 230 cm|indigo and rust|cleaned|some wear"),
    _child(_C, "Coins", 32, 70, 1.0, "Silver thaler|Gold sovereign|Morgan dollar|Roman denarius|Silver crown|Silver rouble", "extremely fine|very fine|uncirculated|toned|with certificate", (1850, 1935)),
    _child(_C, "Stamps", 22, 34, 1.0, "Airmail set|Definitive sheet|First day cover|Penny red|Overprint block of four|Zeppelin cover", "mint never hinged|used|hinged|signed by an expert|full gum", (1860, 1950)),
    _child(_C, "Trading Cards", 28, 46, 1.1, "Holographic dragon card|Rookie card|Booster box, sealed|First edition starter deck|Foil planeswalker card", "near mint|graded 9|graded 10|played|English"),
    _child(_C, "Comics", 18, 42, 0.9, "Superhero comic No. 12|Western comic No. 4|Space adventure album|Manga volumes 1-10|Horror comic No. 31", "very good|bagged and boarded|spine roll|first print|complete run", (1948, 1992)),
    _child(_A, "Paintings", 34, 380, 1.1, "Coastal landscape in oil|Still life with lemons|Abstract composition|Portrait of a lady|Winter village|Harbour at dusk", "oil on canvas|oil on board|framed|signed lower right|unsigned", (1890, 1998)),
    _child(_A, "Prints", 30, 95, 0.9, "Lithograph, circus scene|Linocut, birds|Screen print, geometric|Etching, old town|Woodblock, mountain view", "numbered 42/150|artist's proof|framed|plate signed|some foxing", (1905, 2015)),
    _child(_A, "Sculptures", 16, 310, 1.0, "Bronze dancer|Carved walnut owl|Terracotta head|Marble torso|Steel mobile|Ceramic bull", "on marble base|28 cm|foundry mark|restored|patinated"),
    _child(_A, "Photography", 20, 120, 0.9, "Silver gelatin print, harbour|Street scene, night|Desert road, colour print|Studio nude, print|Jazz club, contact print", "stamped verso|edition of 25|matted|30 x 40 cm|vintage print", (1938, 2012)),
    _child(_J, "Watches", 46, 520, 1.0, "Omega Seamaster|Seiko 5 Sports|Tissot Visodate|Longines Conquest|Hamilton Khaki|Junghans Max Bill|Tudor Oyster|Zenith Defy", "steel|gold plated|original bracelet|serviced|box and papers", (1955, 2018)),
    _child(_J, "Rings", 30, 190, 0.9, "Sapphire ring|Diamond solitaire|Signet ring|Art deco ring|Eternity band|Opal cluster ring", "18 ct gold|14 ct white gold|size 54|hallmarked|platinum"),
    _child(_J, "Necklaces", 24, 120, 0.9, "Pearl necklace|Gold rope chain|Amber beads|Silver locket|Garnet pendant|Turquoise collar", "45 cm|60 cm|925 silver|18 ct gold|knotted"),
    _child(_B, "Novels", 24, 14, 0.7, "Crime novel set|Gothic novel|Russian classics|Sea stories|Detective omnibus|Family saga trilogy", "first edition|hardback|paperback|signed|dust jacket", (1902, 2012)),
    _child(_B, "Vinyl Records", 28, 26, 0.8, "Jazz quartet LP|Progressive rock LP|Soul 45 single|Electronic 12-inch|Punk compilation LP|Symphony box set", "near mint|VG+|first pressing|gatefold|180 g", (1956, 1994)),
    _child(_B, "Films", 18, 16, 0.7, "Western box set|Silent film collection|Science fiction trilogy|Nature series|Film noir steelbook", "Blu-ray|DVD|sealed|region 2|4K"),
    _child(_B, "Magazines", 12, 12, 0.7, "Photography annual|Fashion monthly|Science fiction pulp|Motoring weekly, bound|Architecture review", "complete year|good|issues 1-12|some tears|cover detached", (1930, 1998)),
    _child(_B, "Textbooks", 18, 22, 0.6, "Organic chemistry|Linear algebra|Human anatomy atlas|Microeconomics|Structural engineering|Latin grammar", "3rd edition|5th edition|with notes|unmarked|with access code, used"),
    _child(_S, "Bicycles", 28, 340, 0.8, "Steel road bike|Gravel bike|Cargo bike|Folding bike|Mountain bike 29|City e-bike", "56 cm|size M|new chain|hydraulic brakes|pick-up only"),
    _child(_S, "Camping", 22, 68, 0.7, "Dome tent|Down sleeping bag|Trekking backpack|Gas stove|Hammock|Self-inflating mat", "two persons|65 litres|used once|-5 °C|waterproof"),
    _child(_S, "Fitness", 18, 90, 0.8, "Adjustable dumbbells|Rowing machine|Kettlebell set|Yoga set|Weight bench|Exercise bike", "2 x 24 kg|like new|foldable|with mat|home use"),
    _child(_S, "Golf", 14, 110, 0.8, "Driver|Iron set 5-PW|Putter|Stand bag|Golf trolley|Wedge set", "right-handed|left-handed|regular flex|new grips|graphite"),
    _child(_S, "Winter Sports", 18, 125, 0.7, "Alpine skis|Snowboard|Ski boots|Touring skis|Ice skates|Ski helmet", "170 cm|158 cm|with bindings|size 27.5|one season"),
    _child(_T, "Building Sets", 34, 74, 0.8, "Castle brick set|Space station brick set|City train brick set|Pirate ship brick set|Technic excavator", "sealed|complete with box|without instructions|sorted|1,200 pieces"),
    _child(_T, "Model Trains", 24, 95, 0.8, "Steam locomotive|Diesel locomotive|Passenger coach set|Signal box kit|Freight wagon set", "H0|N gauge|digital|boxed|DC, tested"),
    _child(_T, "Board Games", 22, 30, 0.6, "Railway strategy game|Dungeon crawler|Wargame|Trading game|Cooperative mystery game", "complete|German edition|English edition|unpunched|with expansion"),
    _child(_T, "Dolls", 20, 54, 0.9, "Bisque doll|Fashion doll|Teddy bear|Rag doll|Doll's house furniture", "1930s|original dress|jointed|with tag|glass eyes"),
    _child(_V, "Cars", 24, 3900, 0.5, "Volkswagen Golf|Volvo 240 estate|Citroën 2CV|Mini Cooper|BMW 320i|Fiat Panda|Mercedes 190 E", "new inspection|one owner|project car|low mileage|no rust", (1968, 2016)),
    _child(_V, "Motorcycles", 26, 2100, 0.5, "Vespa PX 125|Honda CB 500|BMW R 80|Yamaha XT 600|Triumph Bonneville|Moto Guzzi V7", "runs well|new tyres|papers in order|barn find|rebuilt engine", (1966, 2018)),
    _child(_V, "Car Parts", 44, 85, 0.9, "Alloy wheels, set of four|Carburettor|Roof rack|Dashboard clock|Headlight pair|Tow bar", "16 inch|rebuilt|used|new old stock|fits many models"),
    _child(_M, "Guitars", 38, 480, 0.8, "Fender Stratocaster|Gibson Les Paul Studio|Yamaha FG acoustic|Epiphone Casino|Martin D-18|Höfner bass", "sunburst|with case|new frets|left-handed|natural", (1962, 2020)),
    _child(_M, "Keyboards", 26, 360, 0.9, "Roland Juno synthesizer|Korg MS-20|Yamaha DX7|Stage piano|Hammond organ|Fender Rhodes", "serviced|88 keys|with stand|one dead key|manual included"),
    _child(_M, "Drums", 16, 240, 0.8, "Snare drum|Five-piece drum kit|Ride cymbal 20|Electronic drum kit|Djembe|Bongos", "maple|14 inch|with hardware|mesh heads|thin crash marks"),
    _child(_M, "Wind Instruments", 20, 290, 0.8, "Alto saxophone|Bb trumpet|Concert flute|Clarinet|French horn|Recorder", "with case|overhauled|silver plated|student model|new pads"),
    _child(_I, "Machinery", 24, 900, 1.0, "Lathe|Pillar drill|Air compressor|MIG welder|Band saw|Pallet truck", "400 V|230 V|from workshop clearance|tested|pick-up only"),
    _child(_I, "Office Equipment", 32, 130, 0.8, "Ergonomic chair|Laser printer|Standing desk|Projector|Label printer|Shredder", "height adjustable|low page count|lot of six|ex-lease|with cables"),
    _child(_I, "Restaurant Equipment", 22, 480, 0.9, "Two-group espresso machine|Dough mixer|Gastro dishwasher|Pizza oven|Meat slicer|Chest freezer", "stainless steel|serviced|400 V|20 litres|from closure"),
    _child(_I, "Lab Equipment", 22, 340, 0.9, "Stereo microscope|Centrifuge|Precision balance|Oscilloscope|Magnetic stirrer|Function generator", "calibrated|100 MHz|with manual|0.1 mg|for parts"),
)
