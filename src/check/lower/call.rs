//! Ways into other flows and back: `goto`, `do`, `return`.

use super::super::expression::Typed;
use super::super::{code, suggest};
use super::Lowerer;
use crate::bot::{self, Op, StepId};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{Expr, Name};

impl Lowerer<'_, '_> {
    pub(super) fn goto(&mut self, first: &Name, label: Option<&Name>, arguments: &[Expr], span: Span) {
        let world = self.world();
        let own = world.labels.get(self.flow);
        let Some(label) = label else {
            if own.is_some_and(|own| own.contains_key(first.text.as_str())) {
                self.no_arguments(arguments, span);
                let mark = self.label(&first.text);
                return self.emit(Op::Jump(mark), span);
            }
            let Some(flow) = world.flow_index(&first.text) else {
                let flows = world.flows.iter().map(|flow| flow.name.text.as_str());
                let known = flows.chain(own.into_iter().flat_map(|own| own.keys().copied()));
                world.unknown(code::UNKNOWN_FLOW, "flow or label", first, known);
                self.arguments_alone(arguments);
                return self.emit(Op::Stop, span);
            };
            let arguments = self.arguments(flow, arguments, first, span);
            return self.emit(Op::Goto { to: StepId { flow, step: 0 }, arguments }, span);
        };
        let Some(flow) = world.flow_index(&first.text) else {
            world.unknown(code::UNKNOWN_FLOW, "flow", first, world.flows.iter().map(|flow| flow.name.text.as_str()));
            self.arguments_alone(arguments);
            return self.emit(Op::Stop, span);
        };
        let labels = world.labels.get(flow);
        if !labels.is_some_and(|labels| labels.contains_key(label.text.as_str())) {
            self.unknown_label(label, &first.text, labels.into_iter().flat_map(|labels| labels.keys().copied()));
            self.arguments_alone(arguments);
            self.emit(Op::Stop, span);
        } else if flow == self.flow {
            self.no_arguments(arguments, span);
            let mark = self.label(&label.text);
            self.emit(Op::Jump(mark), span);
        } else {
            // Whoever enters in the middle may leave the arguments away; what is then missing is found as such.
            let arguments = if arguments.is_empty() { Vec::new() } else { self.arguments(flow, arguments, first, span) };
            self.out.pending.push((self.out.steps.len(), flow, label.text.clone()));
            self.emit(Op::Goto { to: StepId { flow, step: 0 }, arguments }, span);
        }
    }

    /// `do address(city) -> where`
    pub(super) fn call(&mut self, name: &Name, arguments: &[Expr], into: &[Name], span: Span) {
        let world = self.world();
        let Some(flow) = world.flow_index(&name.text) else {
            world.unknown(code::UNKNOWN_FLOW, "flow", name, world.flows.iter().map(|flow| flow.name.text.as_str()));
            self.arguments_alone(arguments);
            // The steps behind it may still use the name.
            self.target(into);
            return;
        };
        let arguments = self.arguments(flow, arguments, name, span);
        let result = world.heads.get(flow).and_then(|head| head.result.clone());
        let place = self.target(into);
        if let (Some(first), Some(last)) = (into.first(), into.last()) {
            match &result {
                None => {
                    let finding = Diagnostic::error(
                        code::NO_RESULT,
                        first.span.to(last.span),
                        format!("the flow `{}` gives nothing back", name.text),
                    );
                    let head = world.flows.get(flow).map_or(name.span, |flow| flow.name.span);
                    self.report(finding.also(head, "it says no `-> …`").help("say what it returns: `flow … -> text(120) { … }`"));
                }
                Some(kind) => self.result_fits(kind, place.as_ref(), name.span),
            }
        }
        self.emit(Op::Do { flow, arguments, into: place }, span);
    }

    /// A result that is kept in a contact's field must be of its kind.
    pub(super) fn result_fits(&self, kind: &bot::Type, place: Option<&bot::Place>, span: Span) {
        let Some(bot::Place::Contact(field)) = place else { return };
        let Some(wanted) = self.world().field_named(field).and_then(|field| field.kind.as_ref()) else { return };
        let typed = Typed {
            expr: bot::Expr::Place(bot::Place::Variable(String::new())),
            kind: super::super::kind::Kind::of_type(kind),
            span,
        };
        self.scope.fits(wanted, &typed, "this field");
    }

    /// `return value`
    pub(super) fn give_back(&mut self, value: Option<&Expr>, span: Span) {
        let world = self.world();
        let result = world.heads.get(self.flow).and_then(|head| head.result.as_ref());
        let typed = value.map(|value| self.scope.expr(value));
        match (result, &typed) {
            (Some(kind), Some(typed)) => self.scope.fits(kind, typed, "what this flow returns"),
            (Some(_), None) => {
                let finding = Diagnostic::error(code::RETURN_VALUE, span, "this `return` gives nothing back");
                self.report(finding.help("write the value behind it: `return city`"));
            }
            (None, Some(typed)) => {
                let finding = Diagnostic::error(code::RETURN_VALUE, typed.span, "this flow does not say what it returns");
                self.report(finding.help("write it into its first line: `flow … -> text(120) { … }`, or leave the value away"));
            }
            (None, None) => {}
        }
        self.emit(Op::Return(typed.map(|typed| typed.expr)), span);
    }

    /// What a flow is begun with: as many as it has parameters, each fitting its type.
    fn arguments(&self, flow: usize, arguments: &[Expr], name: &Name, span: Span) -> Vec<bot::Expr> {
        let world = self.world();
        let typed: Vec<Typed> = arguments.iter().map(|argument| self.scope.expr(argument)).collect();
        let parameters = world.heads.get(flow).map_or(&[][..], |head| &head.parameters);
        if parameters.len() != typed.len() {
            let wanted = match parameters.len() {
                0 => "nothing".to_owned(),
                1 => "1 value".to_owned(),
                count => format!("{count} values"),
            };
            let message = format!("the flow `{}` takes {wanted}, here stand {}", name.text, typed.len());
            let names: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
            let mut finding = Diagnostic::error(code::ARGUMENT_COUNT, span, message);
            if !names.is_empty() {
                finding = finding.help(format!("write `{}({})`", name.text, names.join(", ")));
            }
            self.report(finding);
        }
        for ((parameter, kind), typed) in parameters.iter().zip(&typed) {
            self.scope.fits(kind, typed, &format!("`{parameter}`"));
            if let Some(secret) = self.scope.secret_in(&typed.expr) {
                let message = format!("`{secret}` is secret and stays where it is");
                let finding = Diagnostic::error(code::SECRET_PRINTED, typed.span, message);
                self.report(finding.help("let the other flow read it from the contact itself"));
            }
        }
        typed.into_iter().map(|typed| typed.expr).collect()
    }

    /// Checks arguments of something that is not there.
    fn arguments_alone(&self, arguments: &[Expr]) {
        for argument in arguments {
            self.scope.expr(argument);
        }
    }

    fn no_arguments(&self, arguments: &[Expr], span: Span) {
        self.arguments_alone(arguments);
        if !arguments.is_empty() {
            let finding = Diagnostic::error(code::ARGUMENT_COUNT, span, "a label of the same flow takes nothing");
            self.report(finding.help("its variables keep their values; use `set` before it"));
        }
    }

    fn unknown_label<'c>(&self, label: &Name, flow: &str, known: impl Iterator<Item = &'c str> + Clone) {
        let message = format!("`{flow}` has no label `{}`", label.text);
        let mut finding = Diagnostic::error(code::UNKNOWN_LABEL, label.span, message);
        finding.help = suggest::help(&label.text, known);
        self.report(finding);
    }
}
