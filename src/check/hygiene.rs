//! Names and phrases that are not what they look like.

use std::collections::{BTreeMap, BTreeSet};

use unicode_script::{Script, UnicodeScript as _};

use super::code;
use super::world::World;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{BotItem, Name, On, Phrase, SettingKind, StepKind};
use crate::text::fold;

/// Reports look-alike names and phrases that fold to nothing.
pub(super) fn check(world: &World<'_>) {
    let groups: [Vec<&Name>; 4] = [
        world.flows.iter().map(|flow| &flow.name).collect(),
        world.fields.iter().map(|field| &field.item.name).collect(),
        world.hours.iter().map(|hours| &hours.name).collect(),
        world.teams.iter().map(|team| &team.name).collect(),
    ];
    for names in groups {
        look_alikes(world, &names);
    }
    for flow in &world.flows {
        for trigger in &flow.triggers {
            if let On::Words(list) | On::Exactly(list) | On::Starting(list) | On::Like(list) = &trigger.on {
                phrases(world, list);
            }
        }
        super::walk::steps(&flow.steps, &mut |step| {
            if let StepKind::Choose(choose) = &step.kind {
                choose.options.iter().for_each(|option| phrases(world, &option.also));
            }
        });
    }
    for list in &world.word_lists {
        phrases(world, list);
    }
    if let Some(bot) = world.bot {
        opt_words(world, bot);
    }
}

fn opt_words(world: &World<'_>, bot: &BotItem) {
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    for setting in &bot.settings {
        let (SettingKind::OptOut { phrases: list, .. } | SettingKind::OptIn { phrases: list, .. }) = &setting.kind else {
            continue;
        };
        phrases(world, list);
        for (text, place) in world.phrases(list) {
            let Some(first) = seen.insert(fold(&text), place) else { continue };
            let finding = Diagnostic::error(code::DEFINED_TWICE, place, format!("`{text}` stands in both or twice"));
            world.findings.add(finding.also(first, "the first one"));
        }
    }
}

fn phrases(world: &World<'_>, list: &[Phrase]) {
    for phrase in list {
        if let Phrase::Text(text) = phrase
            && fold(&text.value).is_empty()
        {
            let finding = Diagnostic::error(code::EMPTY_PHRASE, text.span, "nobody can write this");
            world.findings.add(finding.help("signs and spaces do not count when messages are compared: write a word"));
        }
    }
}

fn look_alikes(world: &World<'_>, names: &[&Name]) {
    let mut seen: BTreeMap<String, &Name> = BTreeMap::new();
    for name in names {
        let scripts: BTreeSet<&str> = name.text.chars().map(|letter| letter.script()).filter_map(alike_script).collect();
        if scripts.len() > 1 {
            let list: Vec<&str> = scripts.into_iter().collect();
            let message = format!("`{}` mixes {} letters, which look alike", name.text, list.join(" and "));
            world.findings.add(Diagnostic::warning(code::LOOK_ALIKE, name.span, message).help("write it in one script"));
        }
        match seen.insert(skeleton(&name.text), name) {
            Some(first) if first.text != name.text => {
                let finding =
                    Diagnostic::warning(code::LOOK_ALIKE, name.span, format!("`{}` looks like another name", name.text));
                world.findings.add(finding.also(first.span, "this one").help("give one of them a name that reads differently"));
            }
            _ => {}
        }
    }
}

const fn alike_script(script: Script) -> Option<&'static str> {
    match script {
        Script::Latin => Some("Latin"),
        Script::Cyrillic => Some("Cyrillic"),
        Script::Greek => Some("Greek"),
        _ => None,
    }
}

/// The name with letters that look like Latin ones written as those.
fn skeleton(name: &str) -> String {
    name.chars()
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'а' | 'α' => 'a',
            'в' | 'β' => 'b',
            'с' => 'c',
            'е' | 'ε' => 'e',
            'н' => 'h',
            'і' | 'ι' | 'l' | '1' => 'i',
            'ј' => 'j',
            'к' | 'κ' => 'k',
            'м' => 'm',
            'п' => 'n',
            'о' | 'ο' | '0' => 'o',
            'р' | 'ρ' => 'p',
            'ѕ' => 's',
            'т' | 'τ' => 't',
            'υ' => 'u',
            'ν' => 'v',
            'х' | 'χ' => 'x',
            'у' | 'γ' => 'y',
            other => other,
        })
        .collect()
}
