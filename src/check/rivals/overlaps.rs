//! Overlaps with an example, and wants that another form always takes.

use std::collections::{HashMap, HashSet};

use super::super::code;
use super::wants::{Example, Form, Want};
use super::{Arena, always_takes_part, twins};
use crate::bot::{Hit, On, Rank, Trigger};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::text::{find_words, fold};

/// Overlaps that are shown of one trigger; of the others there is a count.
const SHOWN_MOST: usize = 3;
/// Overlaps that are shown of a bot.
const SHOWN_IN_ALL: usize = 200;
/// Rivals for one message that are looked at.
const RIVALS_MOST: usize = 50;
/// Phrases of a rival that are looked through for its place.
const PHRASES_MOST: usize = 100;

pub(super) fn check(mut arena: Arena<'_, '_>, wants: &[Want]) {
    let mut places: HashMap<usize, Vec<&Want>> = HashMap::new();
    for want in wants {
        places.entry(want.trigger).or_default().push(want);
    }
    let mut seen: HashSet<(usize, usize)> = HashSet::new();
    let mut shown: HashMap<usize, usize> = HashMap::new();
    let mut spare: HashMap<usize, usize> = HashMap::new();
    for want in wants {
        never_beside_takers(&mut arena, want, &places);
        for example in &want.examples {
            let rivals: Vec<Hit> = arena.others(example, want.trigger).iter().take(RIVALS_MOST).cloned().collect();
            for rival in rivals {
                let pair = (want.trigger.min(rival.trigger), want.trigger.max(rival.trigger));
                if !are_rivals(&arena, want, &rival) || !seen.insert(pair) {
                    continue;
                }
                let count = shown.entry(want.trigger).or_default();
                if *count < SHOWN_MOST && seen.len() <= SHOWN_IN_ALL {
                    *count += usize::from(report(&arena, want, example, &rival, &places));
                } else {
                    *spare.entry(want.trigger).or_default() += 1;
                }
            }
        }
    }
    let mut spare: Vec<(usize, usize)> = spare.into_iter().collect();
    spare.sort_unstable();
    let hidden: usize = spare.iter().skip(SHOWN_IN_ALL).map(|(_, count)| count).sum();
    for (at, (trigger, count)) in spare.into_iter().take(SHOWN_IN_ALL).enumerate() {
        let Some(placed) = arena.triggers.get(trigger) else { continue };
        let count = if at == 0 { count.saturating_add(hidden) } else { count };
        let message = format!("{count} more triggers of other flows want messages that this one wants");
        arena.world.findings.add(Diagnostic::note(code::OVERLAP, placed.tree.span, message));
    }
}

/// Whether the two lead elsewhere and both look at the text itself.
fn are_rivals(arena: &Arena<'_, '_>, want: &Want, rival: &Hit) -> bool {
    let (Some(one), Some(other)) = (arena.trigger(want.trigger), arena.trigger(rival.trigger)) else { return false };
    one.flow != other.flow && !rival.broken && (Rank::Exactly..=Rank::Like).contains(&rival.rank)
}

/// A want that a trigger of another form takes in all messages: the beginning of a text that holds the other's words, or
/// anything beside an expression that is found in every text.
fn never_beside_takers(arena: &mut Arena<'_, '_>, want: &Want, places: &HashMap<usize, Vec<&Want>>) {
    let Some(trigger) = arena.trigger(want.trigger) else { return };
    let Form::Text(rank) = want.form else { return };
    let Some(example) = want.examples.first() else { return };
    let candidates = arena.others(example, want.trigger).iter().take(RIVALS_MOST).cloned().collect::<Vec<_>>();
    let precedes = |rival: &Hit, other: &Trigger| {
        rival.rank < rank || rival.rank == rank && (-other.priority, rival.trigger) < (-trigger.priority, want.trigger)
    };
    let winner = candidates.into_iter().find(|rival| {
        arena.trigger(rival.trigger).is_some_and(|other| {
            let takes = match (rank, rival.rank) {
                (Rank::Starting, Rank::Words) => true,
                (Rank::Starting, Rank::Starting) => !has(places, rival.trigger, rank, &want.key),
                (_, Rank::Matching) => rank != Rank::Exactly && takes_all(other),
                _ => false,
            };
            takes && precedes(rival, other) && always_takes_part(other, trigger)
        })
    });
    if let Some(winner) = winner {
        twins::never_wins(arena, winner.trigger, place_of(arena, &winner, example, places), want);
    }
}

/// Whether a trigger has this very phrase in this form: then the two are twins, which were judged as such.
fn has(places: &HashMap<usize, Vec<&Want>>, trigger: usize, rank: Rank, key: &str) -> bool {
    places.get(&trigger).is_some_and(|wants| wants.iter().any(|want| want.form == Form::Text(rank) && want.key == key))
}

fn takes_all(trigger: &Trigger) -> bool {
    match &trigger.on {
        On::Matching(regex) => regex.takes_all(),
        On::Comment(inner) => matches!(&**inner, On::Matching(regex) if regex.takes_all()),
        _ => false,
    }
}

/// Shows the pair with a message that both want, asked of the whole matcher; false where they do not both want it.
fn report(arena: &Arena<'_, '_>, want: &Want, example: &Example, rival: &Hit, places: &HashMap<usize, Vec<&Want>>) -> bool {
    let hits = arena.all(example);
    let find = |trigger: usize| hits.iter().enumerate().find(|(_, hit)| hit.trigger == trigger && !hit.broken);
    let (Some((own_at, own)), Some((rival_at, other))) = (find(want.trigger), find(rival.trigger)) else { return false };
    let (winner, loser) = if own_at < rival_at { (own, other) } else { (other, own) };
    let why = why(arena, winner, loser);
    // The author said who goes first.
    if why == BY_PRIORITY {
        return false;
    }
    let rival_place = place_of(arena, other, example, places);
    // The later one is the one that an author has just written, more often than not.
    let (place, also, also_flow) = if want.trigger > rival.trigger {
        (want.place, rival_place, arena.flow(rival.trigger))
    } else {
        (rival_place, want.place, arena.flow(want.trigger))
    };
    let finding = Diagnostic::note(code::OVERLAP, place, format!("the flow `{also_flow}` wants this too"))
        .here(format!("for example the message `{}`", example.text))
        .also(also, format!("`{}` starts: {why}", arena.flow(winner.trigger)));
    arena.world.findings.add(finding);
    let same_rank = own.rank == other.rank && !matches!(own.rank, Rank::Words | Rank::Exactly);
    if same_rank && why == BY_ORDER && !has(places, rival.trigger, own.rank, &want.key) {
        let (first_place, later) =
            if winner.trigger == want.trigger { (want.place, rival_place) } else { (rival_place, want.place) };
        twins::tie(arena, winner.trigger, first_place, later, &want.shown);
    }
    true
}

const BY_PRIORITY: &str = "its `priority` is higher";
const BY_ORDER: &str = "it comes first in the files";

/// Why one goes before the other, in the words of the language.
fn why(arena: &Arena<'_, '_>, winner: &Hit, loser: &Hit) -> String {
    let priority = |hit: &Hit| arena.trigger(hit.trigger).map_or(0, |trigger| trigger.priority);
    if winner.rank != loser.rank {
        return format!("{} go before {}", plural(winner.rank), plural(loser.rank));
    }
    if winner.rank == Rank::Words && winner.letters != loser.letters {
        return "its phrase is longer".to_owned();
    }
    if winner.rank == Rank::Words && winner.at != loser.at {
        return "its phrase stands earlier in the message".to_owned();
    }
    if priority(winner) != priority(loser) {
        return BY_PRIORITY.to_owned();
    }
    BY_ORDER.to_owned()
}

const fn plural(rank: Rank) -> &'static str {
    match rank {
        Rank::Exactly => "`exactly` phrases",
        Rank::Matching => "`matching` patterns",
        Rank::Starting => "`starting` phrases",
        Rank::Like => "`like` phrases",
        _ => "phrases",
    }
}

/// The phrase of a trigger that was found in the message, else the whole trigger.
fn place_of(arena: &Arena<'_, '_>, hit: &Hit, example: &Example, places: &HashMap<usize, Vec<&Want>>) -> Span {
    let wants = places.get(&hit.trigger).map_or(&[][..], Vec::as_slice);
    let folded = fold(&example.text);
    let letters = |key: &str| key.chars().filter(|c| *c != ' ').count();
    let found = wants.iter().take(PHRASES_MOST).filter(|_| hit.rank != Rank::Matching);
    let phrase = found.filter(|want| letters(&want.key) == hit.letters).find(|want| find_words(&folded, &want.key).is_some());
    phrase.map(|want| want.place).or_else(|| arena.triggers.get(hit.trigger).map(|placed| placed.tree.span)).unwrap_or_default()
}
