//! What the shop sells, who buys it, and where they live.

/// Something to buy.
pub(crate) struct Product {
    /// The stock-keeping unit, which names it.
    pub(crate) sku: &'static str,
    /// As on the invoice.
    pub(crate) name: &'static str,
    /// For one of it.
    pub(crate) cents: u64,
}

/// A part of a person's name, and how it is written in an address of a mailbox.
pub(crate) struct Name {
    /// As the person writes it.
    pub(crate) text: &'static str,
    /// In letters that every mail server takes.
    pub(crate) ascii: &'static str,
}

/// Where someone lives.
pub(crate) struct City {
    /// In the language of the country.
    pub(crate) name: &'static str,
    /// In two letters.
    pub(crate) country: &'static str,
    /// What most postcodes of the city begin with.
    pub(crate) postcode: &'static str,
}

const fn product(sku: &'static str, name: &'static str, cents: u64) -> Product {
    Product { sku, name, cents }
}

const fn name(text: &'static str, ascii: &'static str) -> Name {
    Name { text, ascii }
}

const fn city(name: &'static str, country: &'static str, postcode: &'static str) -> City {
    City { name, country, postcode }
}

/// Things for a desk and a kitchen.
pub(crate) const PRODUCTS: [Product; 28] = [
    product("LAMP-ARC-01", "Desk lamp Arc", 6490),
    product("LAMP-CLIP-02", "Clip lamp", 2490),
    product("CHAIR-OAK-01", "Oak chair", 18_900),
    product("STOOL-BIR-01", "Birch stool", 7950),
    product("DESK-STD-140", "Standing desk 140 cm", 44_900),
    product("SHELF-W-80", "Wall shelf 80 cm", 3990),
    product("MAT-FELT-01", "Felt desk mat", 2995),
    product("NOTE-A5-DOT", "Notebook A5, dotted", 1290),
    product("NOTE-A4-LIN", "Notebook A4, lined", 1590),
    product("PEN-FINE-BK", "Fineliner, black", 290),
    product("PEN-FTN-M", "Fountain pen, medium", 3450),
    product("INK-BLUE-50", "Ink, blue, 50 ml", 950),
    product("TRAY-WAL-01", "Walnut tray", 2750),
    product("BIN-PAP-01", "Paper bin", 1995),
    product("CLK-WALL-30", "Wall clock 30 cm", 4490),
    product("MUG-STN-GR", "Stoneware mug, green", 1450),
    product("MUG-STN-BL", "Stoneware mug, blue", 1450),
    product("TEA-POT-06", "Teapot 0.6 l", 3990),
    product("COF-DRIP-02", "Coffee dripper", 2190),
    product("COF-GRND-01", "Hand grinder", 8900),
    product("BEAN-ETH-500", "Coffee beans, Ethiopia, 500 g", 1690),
    product("KNIFE-CHF-20", "Chef's knife 20 cm", 9950),
    product("BOARD-BCH-40", "Chopping board 40 cm", 3490),
    product("TOWEL-LIN-2", "Linen towels, pair", 2290),
    product("BOWL-ASH-25", "Ash bowl 25 cm", 4250),
    product("CANDLE-BW-3", "Beeswax candles, three", 1190),
    product("PLANT-MON-17", "Monstera, 17 cm pot", 2790),
    product("POT-TERRA-18", "Terracotta pot 18 cm", 1390),
];

/// First names.
pub(crate) const FIRST_NAMES: [Name; 32] = [
    name("Ada", "ada"),
    name("Agnieszka", "agnieszka"),
    name("Amélie", "amelie"),
    name("Anna", "anna"),
    name("Bram", "bram"),
    name("Carlos", "carlos"),
    name("Chiara", "chiara"),
    name("Clément", "clement"),
    name("Daan", "daan"),
    name("Elif", "elif"),
    name("Emil", "emil"),
    name("Fatima", "fatima"),
    name("Greta", "greta"),
    name("Henrik", "henrik"),
    name("Inês", "ines"),
    name("Jakub", "jakub"),
    name("Jürgen", "juergen"),
    name("Kaisa", "kaisa"),
    name("Lars", "lars"),
    name("Lucía", "lucia"),
    name("Małgorzata", "malgorzata"),
    name("Marta", "marta"),
    name("Niamh", "niamh"),
    name("Oliver", "oliver"),
    name("Petra", "petra"),
    name("Rasmus", "rasmus"),
    name("Sofia", "sofia"),
    name("Søren", "soeren"),
    name("Théo", "theo"),
    name("Tomás", "tomas"),
    name("Yuki", "yuki"),
    name("Zoë", "zoe"),
];

/// Last names.
pub(crate) const LAST_NAMES: [Name; 32] = [
    name("Andersen", "andersen"),
    name("Bakker", "bakker"),
    name("Bauer", "bauer"),
    name("Bernard", "bernard"),
    name("Byrne", "byrne"),
    name("Costa", "costa"),
    name("de Vries", "devries"),
    name("Demir", "demir"),
    name("Dubois", "dubois"),
    name("Fernández", "fernandez"),
    name("Ferrari", "ferrari"),
    name("Fischer", "fischer"),
    name("García", "garcia"),
    name("Hansen", "hansen"),
    name("Jansen", "jansen"),
    name("Kowalski", "kowalski"),
    name("Lindqvist", "lindqvist"),
    name("López", "lopez"),
    name("Martin", "martin"),
    name("Mäkinen", "maekinen"),
    name("Müller", "mueller"),
    name("Nowak", "nowak"),
    name("O'Connor", "oconnor"),
    name("Petit", "petit"),
    name("Rossi", "rossi"),
    name("Santos", "santos"),
    name("Schneider", "schneider"),
    name("Sørensen", "soerensen"),
    name("Tanaka", "tanaka"),
    name("Virtanen", "virtanen"),
    name("Wójcik", "wojcik"),
    name("Ziegler", "ziegler"),
];

/// Cities that the shop delivers to.
pub(crate) const CITIES: [City; 20] = [
    city("Berlin", "DE", "101"),
    city("Hamburg", "DE", "203"),
    city("München", "DE", "803"),
    city("Wien", "AT", "10"),
    city("Zürich", "CH", "80"),
    city("Amsterdam", "NL", "10"),
    city("Utrecht", "NL", "35"),
    city("Antwerpen", "BE", "20"),
    city("Paris", "FR", "750"),
    city("Lyon", "FR", "690"),
    city("København", "DK", "21"),
    city("Malmö", "SE", "211 "),
    city("Göteborg", "SE", "411 "),
    city("Helsinki", "FI", "001"),
    city("Kraków", "PL", "31-0"),
    city("Gdańsk", "PL", "80-8"),
    city("Madrid", "ES", "280"),
    city("Lisboa", "PT", "11"),
    city("Milano", "IT", "201"),
    city("Dublin", "IE", "D0"),
];

/// Streets, which could be anywhere.
pub(crate) const STREETS: [&str; 14] = [
    "Bergstraße",
    "Birkenweg",
    "Rue des Lilas",
    "Avenue Victor Hugo",
    "Kerkstraat",
    "Prinsengracht",
    "Calle Mayor",
    "Via Garibaldi",
    "Storgatan",
    "Nørregade",
    "Rua da Prata",
    "Ulica Długa",
    "Church Lane",
    "Park Road",
];
