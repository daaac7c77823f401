//! From values of the engine to JSON.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{BuildHasherDefault, Hash as _, Hasher};
use std::sync::Arc;

use rewind_domain::json::{MAX_DEPTH, Object as Members};
use rewind_domain::{FoldError, FoldErrorKind, Json};
use rquickjs::atom::PredefinedAtom;
use rquickjs::function::This;
use rquickjs::{
    Array, Atom, Coerced, Ctx, Filter, FromJs as _, Function, Object, Persistent,
    String as JsString, Value,
};

use super::notes::{Kind, Notes};
use super::tables::{ArrayDigits, array_table, object_table};
use crate::digits::{Numeral, Spellings, classify, spell, to_f64};
use crate::engine::Tools;
use crate::error::{self, Fault};

/// How many names of members are remembered, so that a state with many is not asked for each of them every time.
const MAX_NAMES: usize = 10_000;

/// Names of members, by the number under which the engine knows them.
#[derive(Default)]
pub(crate) struct Names {
    known: HashMap<u32, Name, BuildHasherDefault<AtomHasher>>,
}

struct Name {
    text: Arc<str>,
    /// As long as it is held the engine gives its number to no other name.
    _atom: Persistent<Atom<'static>>,
}

impl Names {
    fn text<'js>(&mut self, ctx: &Ctx<'js>, atom: Atom<'js>) -> Result<Arc<str>, Trouble> {
        let mut id = AtomHasher::default();
        atom.hash(&mut id);
        if let Some(name) = self.known.get(&id.0) {
            return Ok(Arc::clone(&name.text));
        }
        let text: Arc<str> = text_of(&atom.to_js_string()?)?.into();
        if self.known.len() < MAX_NAMES {
            let name = Name { text: Arc::clone(&text), _atom: Persistent::save(ctx, atom) };
            self.known.insert(id.0, name);
        }
        Ok(text)
    }
}

/// Passes the number of a name on as it is.
#[derive(Clone, Copy, Default)]
pub(crate) struct AtomHasher(u32);

impl Hasher for AtomHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u32::from(*byte);
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        // The table takes the upper bits for one thing and the lower ones for another.
        u64::from(self.0).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// Why a value is no JSON.
enum Trouble {
    Engine(rquickjs::Error),
    /// What was found, and the way to it from the inside out.
    NotJson(String, Vec<Step>),
    TooLarge,
}

enum Step {
    Member(Arc<str>),
    Item(usize),
}

impl From<rquickjs::Error> for Trouble {
    fn from(error: rquickjs::Error) -> Self {
        Self::Engine(error)
    }
}

impl Trouble {
    fn not_json(what: impl Into<String>) -> Self {
        Self::NotJson(what.into(), Vec::new())
    }

    fn under(self, step: impl FnOnce() -> Step) -> Self {
        match self {
            Self::NotJson(what, mut path) => {
                path.push(step());
                Self::NotJson(what, path)
            }
            other => other,
        }
    }
}

fn text_of(string: &JsString<'_>) -> Result<String, Trouble> {
    string.to_string().map_err(|error| match error {
        rquickjs::Error::Utf8(_) => Trouble::not_json(
            "a text with half of a character that takes two, as cutting a text can leave it; `toWellFormed()` mends it",
        ),
        other => Trouble::Engine(other),
    })
}

/// Makes JSON from values of the engine.
pub(crate) struct Reader<'a, 'js> {
    pub(crate) ctx: &'a Ctx<'js>,
    pub(crate) tools: &'a Tools<'js>,
    pub(crate) spellings: &'a Spellings,
    pub(crate) names: &'a mut Names,
    /// Whether tables have to be looked for.
    pub(crate) has_tables: bool,
    /// How large the text of the value may be.
    pub(crate) max_bytes: usize,
    pub(crate) notes: Notes,
    /// How large its text is so far, about.
    pub(crate) bytes: usize,
    /// How many values were met.
    pub(crate) nodes: usize,
    pub(crate) number_at: usize,
    pub(crate) container_at: usize,
    pub(crate) depth: usize,
    pub(crate) scratch: String,
}

impl<'a, 'js> Reader<'a, 'js> {
    pub(crate) fn new(
        ctx: &'a Ctx<'js>,
        tools: &'a Tools<'js>,
        spellings: &'a Spellings,
        names: &'a mut Names,
    ) -> Self {
        Self {
            ctx,
            tools,
            spellings,
            names,
            has_tables: false,
            max_bytes: usize::MAX,
            notes: Notes::default(),
            bytes: 0,
            nodes: 0,
            number_at: 0,
            container_at: 0,
            depth: 0,
            scratch: String::new(),
        }
    }

    /// The JSON of a value. What has not changed since `last` is shared with it.
    pub(crate) fn read(
        &mut self,
        value: &Value<'js>,
        last: Option<&Json>,
        too_large: impl FnOnce() -> FoldError,
    ) -> Result<Json, Fault> {
        match self.value(value, last) {
            Ok(Some(json)) => Ok(json),
            Ok(None) => Err(not_json("nothing (`undefined`)", &[]).into()),
            Err(Trouble::Engine(error)) => Err(Fault::Engine(error)),
            Err(Trouble::TooLarge) => Err(too_large().into()),
            Err(Trouble::NotJson(what, path)) => Err(not_json(&what, &path).into()),
        }
    }

    /// Nothing for what JSON leaves out.
    fn value(&mut self, value: &Value<'js>, last: Option<&Json>) -> Result<Option<Json>, Trouble> {
        self.nodes += 1;
        if let Some(number) = value.as_int() {
            return self.integer(number, last).map(Some);
        }
        if let Some(number) = value.as_float() {
            return self.float(number, None, last).map(Some);
        }
        if let Some(string) = value.as_string() {
            let text = text_of(string)?;
            self.grow(text.len() + 2)?;
            return Ok(Some(match last {
                Some(Json::String(last)) if **last == *text => Json::String(Arc::clone(last)),
                _ => Json::string(text),
            }));
        }
        if let Some(boolean) = value.as_bool() {
            self.grow(4)?;
            return Ok(Some(Json::Bool(boolean)));
        }
        if value.is_null() {
            self.grow(4)?;
            return Ok(Some(Json::Null));
        }
        if value.is_undefined() {
            return Ok(None);
        }
        if value.is_big_int() {
            return self.big(value, last).map(Some);
        }
        let Some(object) = value.as_object() else {
            return Err(Trouble::not_json("a symbol"));
        };
        if self.depth >= MAX_DEPTH {
            return Err(Trouble::not_json(format!(
                "something nested deeper than {MAX_DEPTH} levels, or that contains itself"
            )));
        }
        self.depth += 1;
        let json = if let Some(array) = object.as_array() {
            self.array(array, last).map(Some)
        } else if object.is_function() {
            Err(Trouble::not_json("a function"))
        } else if object.get_prototype().as_ref() == Some(&self.tools.object_prototype) {
            self.object(object, last)
        } else {
            self.unusual(object, last)
        };
        self.depth -= 1;
        json
    }

    fn unusual(
        &mut self,
        object: &Object<'js>,
        last: Option<&Json>,
    ) -> Result<Option<Json>, Trouble> {
        let explained: Value<'js> = self.tools.explain.call((object.clone(),))?;
        if let Some(what) = explained.as_string() {
            return Err(Trouble::not_json(text_of(what)?));
        }
        match explained.as_array() {
            Some(instead) => self.value(&instead.get::<Value<'js>>(0)?, last),
            None => self.object(object, last),
        }
    }

    fn integer(&mut self, number: i32, last: Option<&Json>) -> Result<Json, Trouble> {
        self.number_at += 1;
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let _ = write!(scratch, "{number}");
        let json = self.spelled(&scratch, last);
        self.scratch = scratch;
        json
    }

    fn float(
        &mut self,
        number: f64,
        table: Option<&Json>,
        last: Option<&Json>,
    ) -> Result<Json, Trouble> {
        let at = self.number_at;
        self.number_at += 1;
        if let Some(Json::Number(text)) = table
            && to_f64(text.as_str()).to_bits() == number.to_bits()
        {
            return self.spelled(text.as_str(), last);
        }
        if let Some(text) = self.spellings.of(number) {
            let text = Arc::clone(text);
            return self.spelled(&text, last);
        }
        if !number.is_finite() {
            return Err(Trouble::not_json(format!(
                "`{}`",
                if number.is_nan() {
                    "NaN"
                } else if number > 0.0 {
                    "Infinity"
                } else {
                    "-Infinity"
                }
            )));
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        spell(number, &mut scratch);
        if number.to_bits() == (-0.0_f64).to_bits() {
            self.notes.numbers.push((at, Kind::MinusZero));
        } else if !matches!(classify(&scratch), Numeral::Float { .. }) {
            // It looks like an integer, and would come back as one.
            self.notes.numbers.push((at, Kind::Float));
        }
        let json = self.spelled(&scratch, last);
        self.scratch = scratch;
        json
    }

    fn big(&mut self, value: &Value<'js>, last: Option<&Json>) -> Result<Json, Trouble> {
        let at = self.number_at;
        self.number_at += 1;
        let Coerced(text) = Coerced::<String>::from_js(self.ctx, value.clone())?;
        if classify(&text) != Numeral::Big {
            self.notes.numbers.push((at, Kind::Big));
        }
        self.spelled(&text, last)
    }

    fn spelled(&mut self, text: &str, last: Option<&Json>) -> Result<Json, Trouble> {
        self.grow(text.len())?;
        match last {
            Some(Json::Number(number)) if number.as_str() == text => {
                Ok(Json::Number(number.clone()))
            }
            // A number that was spelled here or in an event is one.
            _ => Json::parse(text).map_err(|error| Trouble::not_json(error.to_string())),
        }
    }

    fn array(&mut self, array: &Array<'js>, last: Option<&Json>) -> Result<Json, Trouble> {
        let container_at = self.container_at;
        self.container_at += 1;
        self.grow(2)?;
        let length: Value<'js> = array.as_object().get(PredefinedAtom::Length)?;
        // An array has a length, and no more than 2³² items.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let length = length.as_number().unwrap_or_default() as usize;
        let table = self.table(array.as_object())?;
        let digits = match &table {
            Some(table) => ArrayDigits::of(table, array, length)?,
            None => ArrayDigits::None,
        };
        let last_items = match last {
            Some(Json::Array(items)) => Some(items),
            _ => None,
        };
        let mut made: Option<Vec<Json>> = None;
        for index in 0..length {
            let before = last_items.and_then(|items| items.get(index));
            let item = self
                .item(array, index, &digits, before)
                .map_err(|trouble| trouble.under(|| Step::Item(index)))?;
            match (&mut made, before) {
                (Some(made), _) => made.push(item),
                (None, Some(before)) if is_same(before, &item) => {}
                (None, _) => {
                    // Whatever the length says, no more room is made than there was.
                    let mut items =
                        Vec::with_capacity(last_items.map_or(0, |items| items.len() + 1));
                    items.extend(
                        last_items.into_iter().flat_map(|items| items.iter().take(index)).cloned(),
                    );
                    items.push(item);
                    made = Some(items);
                }
            }
        }
        let items = match (made, last_items) {
            (None, Some(items)) if items.len() == length => Arc::clone(items),
            (None, items) => {
                Arc::new(items.map_or_else(Vec::new, |items| items[..length].to_vec()))
            }
            (Some(made), _) => Arc::new(made),
        };
        if self.has_tables {
            self.note_table(container_at, table, || array_table(&items, self.spellings));
        }
        Ok(Json::Array(items))
    }

    fn item(
        &mut self,
        array: &Array<'js>,
        index: usize,
        digits: &ArrayDigits,
        last: Option<&Json>,
    ) -> Result<Json, Trouble> {
        let item: Value<'js> = array.get(index)?;
        self.grow(1)?;
        match item.as_float() {
            Some(number) if !matches!(digits, ArrayDigits::None) => {
                self.nodes += 1;
                self.float(number, digits.get(index, number), last)
            }
            _ => self
                .value(&item, last)?
                .ok_or_else(|| Trouble::not_json("nothing (`undefined`) in an array")),
        }
    }

    fn object(
        &mut self,
        object: &Object<'js>,
        last: Option<&Json>,
    ) -> Result<Option<Json>, Trouble> {
        let (container_at, number_at) = (self.container_at, self.number_at);
        let table = self.table(object)?;
        let last_members = match last {
            Some(Json::Object(members)) => Some(members),
            _ => None,
        };
        self.container_at += 1;
        self.grow(2)?;
        let mut made: Option<Members> = None;
        let mut count = 0;
        for atom in object.own_keys::<Atom<'js>>(Filter::new().string().enum_only()) {
            let atom = atom?;
            let member: Value<'js> = object.get(atom.clone())?;
            if member.is_undefined() {
                continue;
            }
            let key = self.names.text(self.ctx, atom)?;
            self.grow(key.len() + 4)?;
            let at_place = last_members
                .and_then(|members| members.get_index(count))
                .filter(|(name, _)| Arc::ptr_eq(name, &key) || **name == key)
                .map(|(_, member)| member);
            let before = at_place.or_else(|| last_members.and_then(|members| members.get(&*key)));
            let spelled = table.as_ref().and_then(|table| table.get(&key));
            let json = match member.as_float() {
                Some(number) if spelled.is_some() => {
                    self.nodes += 1;
                    self.float(number, spelled, before).map(Some)
                }
                _ if member.is_function() && &*key == "toJSON" => {
                    // What it returns stands for the object, of which nothing was read then.
                    (self.container_at, self.number_at) = (container_at, number_at);
                    self.notes.numbers.retain(|(at, _)| *at < number_at);
                    self.notes.tables.retain(|(at, _)| *at < container_at);
                    let instead: Value<'js> =
                        Function::from_js(self.ctx, member)?.call((This(object.clone()), ""))?;
                    return self.value(&instead, last);
                }
                _ => self.value(&member, before),
            };
            let Some(json) =
                json.map_err(|trouble| trouble.under(|| Step::Member(Arc::clone(&key))))?
            else {
                continue;
            };
            match (&mut made, at_place) {
                (Some(made), _) => {
                    made.insert(key, json);
                }
                (None, Some(before)) if is_same(before, &json) => {}
                (None, _) => {
                    let capacity = last_members.map_or(0, |members| members.len() + 1);
                    let mut members =
                        Members::with_capacity_and_hasher(capacity, Default::default());
                    let same =
                        last_members.into_iter().flat_map(|members| members.iter().take(count));
                    members.extend(same.map(|(key, member)| (Arc::clone(key), member.clone())));
                    members.insert(key, json);
                    made = Some(members);
                }
            }
            count += 1;
        }
        let members = match (made, last_members) {
            (None, Some(members)) if members.len() == count => Arc::clone(members),
            (None, members) => Arc::new(
                members
                    .into_iter()
                    .flat_map(|members| members.iter().take(count))
                    .map(|(key, member)| (Arc::clone(key), member.clone()))
                    .collect(),
            ),
            (Some(made), _) => Arc::new(made),
        };
        if self.has_tables {
            self.note_table(container_at, table, || object_table(&members, self.spellings));
        }
        Ok(Some(Json::Object(members)))
    }

    fn table(&self, object: &Object<'js>) -> Result<Option<Json>, Trouble> {
        if !self.has_tables {
            return Ok(None);
        }
        let table: Value<'js> = object.get(self.tools.digits.as_atom())?;
        // A script can find the symbol, and put there whatever it likes.
        Ok(table
            .as_string()
            .and_then(|text| text.to_string().ok())
            .and_then(|text| Json::parse(&text).ok()))
    }

    fn note_table(
        &mut self,
        at: usize,
        table: Option<Json>,
        regular: impl FnOnce() -> Option<String>,
    ) {
        let table = table.map(|table| table.to_string());
        if table != regular() {
            self.notes.tables.push((at, table));
        }
    }

    fn grow(&mut self, bytes: usize) -> Result<(), Trouble> {
        self.bytes += bytes;
        if self.bytes > self.max_bytes { Err(Trouble::TooLarge) } else { Ok(()) }
    }
}

/// Whether two values are one, found out without looking into them.
fn is_same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::String(a), Json::String(b)) => Arc::ptr_eq(a, b),
        (Json::Array(_) | Json::Object(_), _) => a.is_shared_with(b),
        (a, b) => a == b,
    }
}

fn not_json(what: &str, path: &[Step]) -> FoldError {
    let mut pointer = String::new();
    for step in path.iter().rev() {
        let _ = match step {
            Step::Item(index) => write!(pointer, "/{index}"),
            Step::Member(key) => write!(pointer, "/{}", key.replace('~', "~0").replace('/', "~1")),
        };
    }
    let place = if pointer.is_empty() {
        "the state is".to_owned()
    } else {
        format!("the state has at `{pointer}`")
    };
    error::error(FoldErrorKind::NotJson, format!("{place} {what}, which is no JSON"))
}
