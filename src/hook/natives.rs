//! The engine of scripts: what it has, what it has not, and what replaces its own functions where those know no bound.

use std::cell::Cell;
use std::time::Duration;

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage, BasicMathPackage,
    BasicStringPackage, LogicPackage, MoreStringPackage, Package as _,
};
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext, OptimizationLevel, Position};

use super::value::{to_script, weight};
use super::{Limits, Stopwatch};
use crate::bot::Value;

type Failure = Box<EvalAltResult>;

/// Looked at once in so many steps: reading a clock costs as much as a few of them.
const LOOK_EVERY: u64 = 8;
/// Why a call is ended: the other reason is time.
const OUT_OF_STEPS: bool = true;
/// Not there at all: other texts than the checked one, the outside, and what makes values larger unseen.
const REFUSED: [&str; 7] = ["eval", "import", "export", "print", "debug", "this", "is_shared"];

thread_local! {
    /// When the call of this thread must have ended.
    static ENDS: Cell<Duration> = const { Cell::new(Duration::MAX) };
    /// What it has carried out so far. The engine's own count begins anew in each function that `sort`, `map` and the like
    /// call, and is thrown away with it.
    static STEPS: Cell<u64> = const { Cell::new(0) };
    /// Why it was ended: `sort` goes on over that as over any mistake of a comparison.
    static ENDED: Cell<Option<bool>> = const { Cell::new(None) };
}

/// A call begins on this thread and ends by then.
pub(super) fn begin(ends: Duration) {
    ENDS.set(ends);
    STEPS.set(0);
    ENDED.set(None);
}

/// Whether the call of this thread was ended, whatever it returned; and whether for its steps.
pub(super) fn ended() -> Option<bool> {
    ENDED.get()
}

fn end(why: bool) -> Option<Dynamic> {
    ENDED.set(Some(why));
    Some(why.into())
}

/// Whether what ended a call is that it took too many steps.
pub(super) fn is_out_of_steps(why: &Dynamic) -> bool {
    why.as_bool() == Ok(OUT_OF_STEPS)
}

/// An engine within these limits.
pub(super) fn engine(limits: &Limits, stopwatch: &Stopwatch) -> Engine {
    let mut engine = Engine::new_raw();
    ArithmeticPackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicStringPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    BasicIteratorPackage::new().register_into_engine(&mut engine);
    BasicFnPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    for symbol in REFUSED {
        engine.disable_symbol(symbol);
    }
    engine
        .set_strict_variables(true)
        .set_optimization_level(OptimizationLevel::None)
        .set_max_operations(limits.operations_max)
        .set_max_call_levels(limits.call_depth_max)
        .set_max_expr_depths(limits.expression_depth_max, limits.expression_depth_max)
        .set_max_string_size(limits.text_bytes_max)
        .set_max_array_size(limits.items_max)
        .set_max_map_size(limits.entries_max)
        .set_max_variables(limits.variables_max)
        .set_max_functions(limits.functions_max)
        .on_print(|_| ())
        .on_debug(|_, _, _| ());
    watch_steps(&mut engine, limits.operations_max, stopwatch);
    watch_values(&mut engine, limits.value_bytes_max);
    replace_texts(&mut engine);
    replace_others(&mut engine, limits);
    engine
}

fn watch_steps(engine: &mut Engine, most: u64, stopwatch: &Stopwatch) {
    let stopwatch = Stopwatch::clone(stopwatch);
    engine.on_progress(move |_| {
        let steps = STEPS.get().saturating_add(1);
        STEPS.set(steps);
        if steps > most {
            return end(OUT_OF_STEPS);
        }
        let late = steps.is_multiple_of(LOOK_EVERY) && stopwatch() > ENDS.get();
        if late { end(!OUT_OF_STEPS) } else { None }
    });
}

/// The engine counts texts, items and entries of a value, but neither names of entries nor what functions hold, and both
/// may grow: each variable is weighed when it is used.
#[expect(deprecated, reason = "not deprecated, says its author, but it may change")]
fn watch_values(engine: &mut Engine, most: usize) {
    engine.on_var(move |name, offset, context| {
        let scope = context.scope();
        let found = match scope.len().checked_sub(offset).filter(|_| offset > 0) {
            Some(index) => scope.iter_raw().nth(index).map(|(_, _, value)| value),
            None => scope.get(name),
        };
        match found {
            Some(value) if weight(value, most) > most => Err(too_large()),
            _ => Ok(None),
        }
    });
}

fn too_large() -> Failure {
    EvalAltResult::ErrorDataTooLarge("value".to_owned(), Position::NONE).into()
}

/// The engine's own `replace` makes the whole text before it is measured: two of 16 KB can make 256 MB.
fn replace_texts(engine: &mut Engine) {
    fn replaced(context: &NativeCallContext<'_>, text: &mut ImmutableString, old: &str, new: &str) -> Result<(), Failure> {
        let count = text.matches(old).count();
        let most = context.engine().max_string_size();
        if text.len().saturating_add(count.saturating_mul(new.len())) > most.saturating_add(count.saturating_mul(old.len())) {
            return Err(too_large());
        }
        *text = text.replace(old, new).into();
        Ok(())
    }
    engine
        .register_fn("replace", |context: NativeCallContext<'_>, text: &mut ImmutableString, old: &str, new: &str| {
            replaced(&context, text, old, new)
        })
        .register_fn("replace", |context: NativeCallContext<'_>, text: &mut ImmutableString, old: &str, new: char| {
            replaced(&context, text, old, new.encode_utf8(&mut [0; 4]))
        })
        .register_fn("replace", |context: NativeCallContext<'_>, text: &mut ImmutableString, old: char, new: &str| {
            replaced(&context, text, old.encode_utf8(&mut [0; 4]), new)
        })
        .register_fn("replace", |context: NativeCallContext<'_>, text: &mut ImmutableString, old: char, new: char| {
            replaced(&context, text, old.encode_utf8(&mut [0; 4]), new.encode_utf8(&mut [0; 4]))
        });
}

fn replace_others(engine: &mut Engine, limits: &Limits) {
    let (items_max, bytes_max) = (limits.items_max, limits.value_bytes_max);
    engine
        // The engine's own multiplies sizes that may pass the end of its numbers.
        .register_fn("pad", move |items: &mut Array, length: i64, item: Dynamic| -> Result<(), Failure> {
            let Ok(length) = usize::try_from(length) else { return Ok(()) };
            let more = length.saturating_sub(items.len());
            if length > items_max || weight(&item, bytes_max).saturating_mul(more) > bytes_max {
                return Err(too_large());
            }
            items.resize(length.max(items.len()), item);
            Ok(())
        })
        .register_fn("parse_json", |text: &str| -> Result<Dynamic, Failure> {
            let json = serde_json::from_str(text).map_err(|_| Failure::from("this text is no JSON"))?;
            Ok(of_json(json))
        })
        .register_fn("sleep", |_: i64| -> Result<(), Failure> { Err("a script cannot sleep".into()) })
        .register_fn("sleep", |_: rust_decimal::Decimal| -> Result<(), Failure> { Err("a script cannot sleep".into()) })
        .register_fn("assert", |holds: bool| -> Result<(), Failure> { asserted(holds, "") })
        .register_fn("assert", |holds: bool, why: &str| -> Result<(), Failure> { asserted(holds, why) });
}

fn asserted(holds: bool, why: &str) -> Result<(), Failure> {
    match (holds, why) {
        (true, _) => Ok(()),
        (false, "") => Err("what `assert` was told does not hold".into()),
        (false, why) => Err(format!("what `assert` was told does not hold: {why}").into()),
    }
}

fn of_json(json: serde_json::Value) -> Dynamic {
    match json {
        serde_json::Value::Null => Dynamic::UNIT,
        serde_json::Value::Bool(is) => is.into(),
        serde_json::Value::Number(number) => {
            let written = number.to_string();
            let exact = rust_decimal::Decimal::from_str_exact(&written);
            match exact.or_else(|_| rust_decimal::Decimal::from_scientific(&written)) {
                Ok(number) => to_script(Some(Value::Number(number))),
                Err(_) => written.into(),
            }
        }
        serde_json::Value::String(text) => text.into(),
        serde_json::Value::Array(items) => items.into_iter().map(of_json).collect::<Array>().into(),
        serde_json::Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name.into(), of_json(value))).collect::<rhai::Map>().into()
        }
    }
}
