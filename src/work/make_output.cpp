#include "work/make_output.h"

#include <algorithm>
#include <cstddef>
#include <ranges>
#include <utility>
#include <vector>

#include "work/places.h"
#include "work/shared_pictures.h"

namespace ittybit::work {
namespace {

/// Those that one operation makes at once. Its own comes first.
using Group = std::vector<Output*>;

bool may_join(const Output& other, const Group& group) {
    if (other.is_over || other.outcome) return false;
    return std::ranges::all_of(group, [&](const Output* one) {
        return may_share_pictures(one->request.operation, other.request.operation);
    });
}

Result<> noted(Output& output, Result<> sent) {
    const bool is_the_childs = !sent && sent.error().kind == ErrorKind::kTaskCrashed;
    if (!sent && !is_the_childs) output.unsent = sent.error();
    return sent;
}

/// Files leave while more of them are being made.
OperationEvents events_of(const Making& making, const Group& group) {
    // What joins the first one is begun as it says something.
    const auto at = [&](std::optional<int> number) -> Output& {
        auto& output = *group.at(static_cast<std::size_t>(number.value_or(0)));
        if (number) making.begin(output);
        return output;
    };
    const auto sending = [at, &making](std::optional<int> number) -> Output& {
        auto& output = at(number);
        making.ledger.begin(output.publish, {});
        return output;
    };
    OperationEvents events;
    events.progress = [at, &making](const Progress& progress) {
        making.ledger.report(
            at(progress.output).work, {progress.percent, progress.speed, progress.eta_s, {}}
        );
    };
    events.file_grown = [sending](const FileGrown& file, const sandbox::Workspace& workspace) {
        auto& output = sending(file.output);
        return noted(output, output.destination->grown(file, workspace));
    };
    events.file_ready = [sending](const FileReady& file, const sandbox::Workspace& workspace) {
        auto& output = sending(file.output);
        return noted(output, output.destination->ready(file, workspace));
    };
    return events;
}

/// Which of those that are at work at once ended it.
Blamed blame(const Making& making, const Group& group, const Error& error) {
    const auto& output = *group.front();
    if (output.unsent) return {output.publish, *output.unsent};
    // That of another is told in its turn.
    for (const auto* other : group)
        if (other->unsent) return {output.work, *other->unsent};
    if (auto no_bytes = making.import.failure()) return {making.import_task, *std::move(no_bytes)};
    // Of a piece of it: nobody uploads an input.
    if (error.kind == ErrorKind::kUploadFailed) return {output.publish, error};
    if (is_about_fetching(error)) return {making.import_task, error};
    return {output.work, error};
}

/// Gives each a place. Who has none is left out, and finds out in its turn.
std::optional<Blamed> open_places(const Making& making, Group& group) {
    for (auto* output : group) {
        if (output->destination) continue;
        const auto& wanted = output->request;
        auto opened = wanted.open(extension_for(wanted.operation, making.format));
        if (opened) {
            output->destination = *std::move(opened);
        } else if (output == group.front()) {
            return Blamed{output->publish, std::move(opened).error()};
        }
    }
    std::erase_if(group, [](const Output* output) { return !output->destination; });
    return std::nullopt;
}

/// Nothing where all went well, though perhaps for the first of them only.
std::optional<Blamed> make_group(const Making& making, Group group) {
    if (auto failed = open_places(making, group)) return failed;
    auto& first = *group.front();
    auto operation = making.about(first.request.operation);
    operation.parts_folder = first.destination->parts_folder();
    operation.task = first.work;
    for (auto* output : group | std::views::drop(1)) {
        operation.beside.push_back({output->request.operation, output->destination->parts_folder()}
        );
    }
    auto outcome = making.perform(operation, events_of(making, group), making.import.work());
    if (!outcome) return blame(making, group, outcome.error());
    auto others = std::move(outcome->beside);
    for (std::size_t i = 0; i < others.size(); ++i) group[i + 1]->outcome = std::move(others[i]);
    first.outcome = *std::move(outcome);
    return std::nullopt;
}

}  // namespace

void Output::forget() {
    destination.reset();
    outcome.reset();
    unsent.reset();
}

void Output::close() {
    is_over = true;
    forget();
}

std::optional<Blamed> make_output(const Making& making, Output& output, std::span<Output> all) {
    if (output.outcome) return std::nullopt;
    Group group{&output};
    for (auto& other : all)
        if (&other != &output && may_join(other, group)) group.push_back(&other);
    auto failed = make_group(making, group);
    if (!failed || group.size() == 1) return failed;
    for (auto* each : group) each->forget();
    // All at once want more memory and disk, and only one of them may be at fault.
    const bool is_worth_alone =
        failed->task == output.work && !making.ledger.stop().stop_requested();
    return is_worth_alone ? make_group(making, {&output}) : failed;
}

}  // namespace ittybit::work
