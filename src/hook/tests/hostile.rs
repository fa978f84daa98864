//! Scripts that try to loop, grow, sink, wait and see what they must not. Each ends within its limits.

use super::*;
use crate::hook::natives;
use crate::runtime::port::Clock as _;
use crate::system::SystemClock;

/// What a hostile script ends with.
enum End {
    /// Counted steps.
    Steps,
    /// A value beyond its size.
    Size,
    /// Functions inside one another.
    Depth,
    Variables,
    /// It never begins: the check refuses it.
    Refused,
    /// It ends by itself, with a mistake or without, having got nothing.
    Harmless,
}
use End::{Depth, Harmless, Refused, Size, Steps, Variables};

const SCRIPTS: &[(&str, End, &str)] = &[
    // --- loops ---
    ("an endless loop", Steps, "loop { }"),
    ("a loop that is caught", Steps, "loop { try { loop { } } catch { } }"),
    // https://github.com/rhaiscript/rhai/issues/730: what is stopped must not be able to catch that.
    ("a termination that is caught", Steps, "try { loop { } } catch(e) { return 1; }"),
    ("while", Steps, "while true { }"),
    ("do until", Steps, "do { } until false"),
    ("a range without end", Steps, "for n in 0..9223372036854775807 { }"),
    ("a range with a step", Steps, "for n in range(0, 9000000000000000000, 1) { }"),
    ("letters of bits", Steps, "loop { let a = 1; a <<= 1; }"),
    ("loops in loops", Steps, "for a in 0..100000 { for b in 0..100000 { for c in 0..100000 { } } }"),
    ("a switch in a loop", Steps, "loop { switch 1 { 1 => (), _ => () } }"),
    ("continue for ever", Steps, "loop { continue; }"),
    ("throw and catch for ever", Steps, "loop { try { throw 1 } catch { } }"),
    ("a loop in a condition", Steps, "if ({ loop { } true }) == true { 1 }"),
    ("a loop in an argument", Steps, "abs({ loop { } 1 })"),
    ("a loop in a text", Steps, "`${ loop { } }`"),
    // --- functions that call ---
    ("recursion", Depth, "f()"),
    ("recursion that is caught", Depth, "try { f() } catch { f() }"),
    ("recursion through a pointer", Depth, "Fn(\"f\").call()"),
    ("recursion in a list", Depth, "[1].map(|x| f())"),
    // `sort` takes a comparison that failed for one that says nothing: only what is counted outside of it ends it.
    ("recursion in a comparison", Harmless, "[2, 1].sort(|a, b| f())"),
    ("recursion in comparisons, many of them", Steps, "let a = []; a.pad(500, 1); a.sort(|a, b| f())"),
    ("mutual recursion", Depth, "g(1)"),
    // --- comparators; operations alone let a sort of many items go on after its end ---
    (
        "a slow comparator",
        Steps,
        "let a = []; for n in 0..900 { a.push(n * 7919 % 900); } a.sort(|x, y| { for n in 0..1000 { } x - y }); a",
    ),
    (
        "a comparator that never agrees",
        Harmless,
        "let a = []; for n in 0..500 { a.push(n); } a.sort(|x, y| if x % 2 == 0 { 1 } else { -1 }); a.len",
    ),
    ("a slow filter", Steps, "let a = []; a.pad(1000, 1); a.filter(|x| { for n in 0..1000 { } true })"),
    ("a reduce that grows", Size, "let a = []; a.pad(900, 1); a.reduce(|sum, x| if sum == () { \"x\" } else { sum + sum })"),
    // --- growing texts ---
    ("doubling a text", Size, "let s = \"x\"; loop { s += s; }"),
    ("doubling a text in a try", Size, "let s = \"x\"; try { loop { s += s; } } catch { }"),
    ("doubling by interpolation", Size, "let s = \"x\"; loop { s = `${s}${s}`; }"),
    ("a huge pad", Size, "let s = \"x\"; s.pad(9223372036854775807, 'x'); s"),
    ("a huge pad with a text", Size, "let s = \"x\"; s.pad(1000000000, \"xyz\"); s"),
    ("replace, squared", Size, "let s = \"\"; s.pad(16000, 'a'); s.replace(\"a\", s); s"),
    ("replace a letter, squared", Size, "let s = \"\"; s.pad(16000, 'a'); s.replace('a', s); s"),
    ("replace nothing, squared", Size, "let s = \"\"; s.pad(16000, 'a'); s.replace(\"\", s); s"),
    ("replace in many steps", Size, "let s = \"ab\"; loop { s.replace(\"a\", \"aab\"); }"),
    (
        "a text of a large map",
        Size,
        "let m = #{}; for n in 0..400 { m[n.to_string()] = \"0123456789012345678901234567890123456789\"; } m.to_string()",
    ),
    ("a text of a text of a text", Size, "let s = \"\\\"\"; loop { s = [s].to_string(); }"),
    ("upper case that is longer", Size, "let s = \"\"; s.pad(8000, 'ß'); s.to_upper() + s"),
    // --- growing lists; https://github.com/rhaiscript/rhai/issues/730: sizes of values multiply ---
    ("pushing for ever", Size, "let a = []; loop { a.push(1); }"),
    ("doubling a list", Size, "let a = [1]; loop { a += a; }"),
    ("a list of itself", Size, "let a = [1]; loop { a.push(a); }"),
    ("nested lists for ever", Size, "let a = []; loop { a = [a]; }"),
    ("a huge pad of a list", Size, "let a = []; a.pad(9223372036854775807, 0); a"),
    // The engine multiplies sizes without looking at the end of its numbers: 2^55 times 512 is nothing again.
    ("a pad whose size wraps", Size, "let b = []; b.pad(511, 1); let a = []; a.pad(36028797018963968, b); a"),
    ("splitting into letters", Size, "let s = \"\"; s.pad(16000, ' '); s.split(\"\")"),
    ("splitting at spaces", Size, "let s = \"\"; s.pad(16000, ' '); s.split(' ')"),
    ("all letters", Size, "let s = \"\"; s.pad(16000, 'x'); s.to_chars()"),
    ("lists of texts", Size, "let s = \"\"; s.pad(16000, 'x'); let a = []; loop { a.push(s); }"),
    (
        "lists of texts of maps",
        Size,
        "let s = \"\"; s.pad(1000, 'x'); let a = []; loop { a.push(#{ a: s, b: [s], c: #{ d: s } }); }",
    ),
    ("inserting for ever", Size, "let a = []; loop { a.insert(0, a); }"),
    ("splicing for ever", Size, "let a = [1]; loop { a.splice(0..0, a); }"),
    // --- growing maps ---
    ("entries for ever", Size, "let m = #{}; let n = 0; loop { m[n.to_string()] = n; n += 1; }"),
    // Names of entries count nowhere in the engine.
    ("entries with long names", Size, "let s = \"\"; s.pad(16000, 'x'); let m = #{}; let n = 0; loop { m[s + n] = 1; n += 1; }"),
    ("maps of maps", Size, "let m = #{}; loop { m = #{ a: m, b: m }; }"),
    ("mixing for ever", Size, "let m = #{}; let n = 0; loop { m += #{}; m[n.to_string()] = m; n += 1; }"),
    ("what a pointer holds", Size, "let a = []; a.pad(900, 1); let p = Fn(\"g\"); loop { p = p.curry(a); }"),
    // --- many values ---
    (
        "many variables",
        Variables,
        "let a=1;let b=1;let c=1;let d=1;let e=1;let f=1;let g=1;let h=1;let i=1;let j=1;let k=1;let l=1;let m=1;let n=1;let o=1;let p=1;let q=1;let r=1;let s=1;let t=1;let u=1;let v=1;let w=1;let x=1;let y=1;let z=1;let a1=1;let a2=1;let a3=1;let a4=1;let a5=1;let a6=1;let a7=1;let a8=1; a8",
    ),
    // --- texts that become programs or data ---
    ("eval", Refused, "eval(\"loop { }\")"),
    ("eval by name", Harmless, "Fn(\"eval\").call(\"1\")"),
    ("import", Refused, "import \"/etc/passwd\" as p;"),
    ("export", Refused, "export let x = 1;"),
    ("deep json", Harmless, "let s = \"\"; s.pad(16000, '['); parse_json(s)"),
    ("wide json", Size, "let s = \"\"; s.pad(15998, \"1,\"); parse_json(\"[\" + s + \"1]\")"),
    ("a pointer to an operator", Harmless, "Fn(\"+\").call(1, 2)"),
    ("a pointer to nothing", Harmless, "Fn(\"no_such\").call()"),
    // --- time, the outside, other people's values ---
    ("sleep", Harmless, "sleep(1000000)"),
    ("sleep for a moment", Harmless, "sleep(0.5)"),
    ("timestamp", Refused, "timestamp()"),
    ("rand", Refused, "rand()"),
    ("print", Refused, "print(\"x\")"),
    ("debug", Refused, "debug(\"x\")"),
    ("blob", Refused, "blob(1000000000, 1)"),
    ("bits", Refused, "1.set_bits(0, 64, 1)"),
    ("exit", Refused, "exit(1)"),
    ("this", Refused, "this.x = 1;"),
    ("a method that changes what it stands on", Harmless, "let m = #{}; m.g(); m"),
    ("the same captured", Refused, "let a = []; let p = || a; a.push(p); a"),
    // --- numbers ---
    ("overflow", Harmless, "9223372036854775807 + 1"),
    ("the least number negated", Harmless, "-(-9223372036854775807 - 1)"),
    ("the least number by minus one", Harmless, "(-9223372036854775807 - 1) / -1"),
    ("the rest by minus one", Harmless, "(-9223372036854775807 - 1) % -1"),
    ("division by zero", Harmless, "1 / 0"),
    ("decimal division by zero", Harmless, "1.0 / 0.0"),
    ("a large power", Harmless, "9 ** 9000000000"),
    ("a large decimal power", Harmless, "1.5 ** 900000.5"),
    ("a decimal power of a decimal", Harmless, "0.5 ** 9000000000"),
    ("shift by much", Harmless, "1 << 9000000000"),
    ("an exponential", Harmless, "exp(79228162514264337593543950335.0)"),
    ("a step of nothing", Harmless, "for n in range(0, 10, 0) { }"),
    ("an index far away", Harmless, "let a = [1]; a[-9223372036854775807]"),
    ("a part of a text far away", Harmless, "\"abc\".sub_string(-9223372036854775807, 9223372036854775807)"),
    ("a part of a list far away", Harmless, "[1, 2].extract(-9223372036854775807, 9223372036854775807)"),
    // --- our own functions ---
    ("shadowing a limit", Size, "let a = []; a.pad(9223372036854775807, 0)"),
    ("shadowing with one of its own", Harmless, "pad2([1])"),
];

const OTHERS: &str = "\nfn g(x) { f() }\nfn pad2(x) { x }\n";

#[test]
fn every_hostile_script_is_stopped_within_its_limits() {
    let mut wrong = Vec::new();
    for (what, end, body) in SCRIPTS {
        let scripts = scripts(&format!("fn f() {{ {body} }}{OTHERS}"));
        let faults: Vec<_> = scripts.files[0].faults.iter().map(|fault| fault.text.as_str()).collect();
        let returned = faults.is_empty().then(|| scripts.run("shop", "f", &[]).unwrap());
        let stopped = |words: &str| match &returned {
            Some(Err(stopped)) => stopped.overran && stopped.why.contains(words),
            _ => false,
        };
        let holds = match end {
            Steps => stopped("it took more than 100000 steps"),
            Size => stopped("grew beyond its limit") || stopped("too large"),
            Depth => stopped("more than 12 functions call one another"),
            Variables => stopped("more than 32 variables at once"),
            Refused => !faults.is_empty(),
            Harmless => match &returned {
                Some(Ok(_)) => true,
                Some(Err(stopped)) => !stopped.overran,
                None => false,
            },
        };
        if !holds {
            wrong.push(format!("{what}: {faults:?} {returned:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(SCRIPTS.len() >= 40, "{}", SCRIPTS.len());
}

/// With the server's limits and a real clock; the bound is generous, for a machine that does much else.
#[test]
fn every_hostile_script_ends_soon() {
    for (what, _, body) in SCRIPTS {
        let files = [("shop.rhai".to_owned(), Arc::from(format!("fn f() {{ {body} }}{OTHERS}")))];
        let scripts = read(&files, Limits::default(), Arc::new(|| SystemClock.monotonic()));
        let begun = SystemClock.monotonic();
        let _ = scripts.run("shop", "f", &[]);
        let took = SystemClock.monotonic() - begun;
        assert!(took < Duration::from_secs(3), "{what}: {took:?}");
    }
}

#[test]
fn a_hostile_script_leaves_the_next_call_alone() {
    let scripts = scripts("fn f() { loop { } } fn g() { 1 }");
    for _ in 0..3 {
        assert!(scripts.run("shop", "f", &[]).unwrap().is_err());
        assert_eq!(scripts.run("shop", "g", &[]).unwrap(), Ok(Some(number("1"))));
    }
}

#[test]
fn time_ends_a_call_that_is_within_its_steps() {
    let ticks = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let watch = Arc::clone(&ticks);
    // A millisecond each time somebody looks.
    let stopwatch = move || Duration::from_millis(watch.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
    let text: Arc<str> = Arc::from("fn f() { for n in 0..10000 { } 1 }");
    let scripts = read(&[("shop.rhai".to_owned(), text)], Limits::default(), Arc::new(stopwatch));
    let stopped = scripts.run("shop", "f", &[]).unwrap().unwrap_err();
    assert!(stopped.overran && stopped.why.ends_with("it took longer than 40 ms"), "{stopped:?}");
    let looks = ticks.load(std::sync::atomic::Ordering::SeqCst);
    assert!((40..60).contains(&looks), "{looks}");
}

#[test]
fn the_values_of_a_call_have_a_bound_together() {
    assert!(Limits::default().memory_bytes_max() <= 192 << 20, "{}", Limits::default().memory_bytes_max());
}

#[test]
fn the_engine_has_no_limit_that_is_off() {
    let engine = natives::engine(&Limits::default(), &(Arc::new(|| Duration::ZERO) as crate::hook::Stopwatch));
    let limits = [
        engine.max_operations(),
        engine.max_call_levels() as u64,
        engine.max_expr_depth() as u64,
        engine.max_function_expr_depth() as u64,
        engine.max_string_size() as u64,
        engine.max_array_size() as u64,
        engine.max_map_size() as u64,
        engine.max_variables() as u64,
        engine.max_functions() as u64,
    ];
    assert!(limits.iter().all(|limit| *limit > 0), "{limits:?}");
}
