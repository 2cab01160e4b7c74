#include "work/run_operation.h"

#include <algorithm>
#include <filesystem>
#include <future>
#include <iterator>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/fields_json.h"
#include "base/linked_stop.h"
#include "base/log.h"
#include "base/presentable.h"
#include "model/error_kinds.h"

namespace ittybit::work {
namespace {

constexpr std::size_t kMostFiles = 200'000;     // that a child may announce
constexpr std::size_t kMostWarnings = 100;      // each of a presentable length
constexpr std::size_t kLargestFacts = 262'144;  // bytes of JSON: many hundreds of streams

Error crashed(std::string message) {
    return {ErrorKind::kTaskCrashed, std::move(message), ""};
}

Assignment assignment_of(const OperationRequest& request) {
    Assignment assignment;
    assignment.kind = kind_of(request.operation);
    assignment.options = options_json(request.operation);
    assignment.explain = request.explain;
    assignment.is_binding = request.is_binding;
    assignment.plan = request.plan;
    assignment.stem = request.stem;
    assignment.parts_folder = request.parts_folder;
    assignment.limits = request.limits;
    for (const auto& output : request.beside) {
        assignment.beside.push_back(
            {.kind = std::string(kind_of(output.operation)),
             .options = options_json(output.operation),
             .stem = fmt::format("{}-{}", request.stem, assignment.beside.size() + 1),
             .parts_folder = output.parts_folder}
        );
    }
    return assignment;
}

/// One of the service's, or what the output's format or kind sets.
bool is_limit(std::string_view name) {
    bool is_known = name == "longest_side" || name == "pictures";
    for_each_field<Limits>([&](const auto& field) { is_known = is_known || field.name == name; });
    return is_known;
}

/// The child's word for why it failed, as far as it may speak for us.
Error error_of(const Failed& failed) {
    Error error = failed.error();
    const Fault fault = error_row(error.kind).fault;
    if (fault == Fault::kAccess || fault == Fault::kCancelled) {
        return crashed("the media process failed with an unknown kind of error");
    }
    if (error.limit && !is_limit(error.limit->name)) error.limit.reset();
    error.message = presentable(error.message);
    error.where = presentable(error.where);
    return error;
}

/// Fetches what the child needs on a thread of its own, so that the watch over the child goes on;
/// `wake` becomes readable when the answer is there.
class Supplier {
public:
    Supplier(const std::vector<OperationInput>& inputs, const std::stop_token& stop)
        : inputs_(inputs), wake_(::eventfd(0, EFD_CLOEXEC)), stop_(stop) {}
    Supplier(const Supplier&) = delete;
    Supplier& operator=(const Supplier&) = delete;
    ~Supplier() { stop_.request_stop(); }  // the future's destructor then waits

    int wake() const { return wake_.get(); }

    void ask(const Need& need) {
        answer_ = std::async(std::launch::async, [this, need] {
            const auto& input = inputs_[static_cast<std::size_t>(need.input)];
            auto size = input.ensure(need.offset, need.length, stop_.get_token());
            const std::uint64_t one = 1;
            if (::write(wake_.get(), &one, sizeof one) < 0) log::error("eventfd is broken");
            return size;
        });
    }

    Result<std::optional<std::int64_t>> take_answer() {
        std::uint64_t count = 0;
        if (::read(wake_.get(), &count, sizeof count) < 0) log::error("eventfd is broken");
        return answer_.get();
    }

private:
    const std::vector<OperationInput>& inputs_;
    Fd wake_;
    LinkedStop stop_;
    std::future<Result<std::optional<std::int64_t>>> answer_;
};

/// Whether the file is there, regular, and as long as the child said.
Result<> check_size(const FileReady& ready, const sandbox::Workspace& workspace) {
    const Fd file = TRY(workspace.open_file(ready.name));
    struct stat facts{};
    if (::fstat(file.get(), &facts) == 0 && facts.st_size == ready.size) return {};
    return crashed("the media process left a file of another size than it said");
}

void bound(std::vector<std::string>& warnings) {
    if (warnings.size() > kMostWarnings) {
        const auto more = warnings.size() - kMostWarnings + 1;
        warnings.resize(kMostWarnings - 1);
        warnings.push_back(fmt::format("and {} more warnings", more));
    }
    for (auto& warning : warnings) warning = presentable(warning);
}

/// What it makes of its work goes into a row that is read again and again.
Result<Finished> bounded(Finished finished) {
    if (json_text(finished.file).size() > kLargestFacts) {
        return crashed("the media process tells too much of a file");
    }
    bound(finished.warnings);
    bound(finished.file.warnings);
    for (auto& beside : finished.beside) {
        auto bare = TRY(bounded({std::move(beside.file), std::move(beside.warnings), {}, {}}));
        beside = {std::move(bare.file), std::move(bare.warnings)};
    }
    return finished;
}

/// One run: what is known so far, and one function per event.
class Run {
public:
    /// `outputs`: how many may be made.
    Run(const std::vector<OperationInput>& inputs,
        std::size_t outputs,
        const OperationEvents& events,
        sandbox::Child& child,
        const std::stop_token& stop)
        : inputs_(inputs),
          events_(events),
          child_(child),
          supplier_(inputs, stop),
          percents_(outputs, 0) {}

    /// Until the child has finished.
    Result<Finished> finish() {
        for (;;) {
            auto event = TRY(child_.next_event(supplier_.wake()));
            if (!event) {
                TRY(answer_need());
            } else if (auto* finished = std::get_if<Finished>(&*event)) {
                return bounded(std::move(*finished));
            } else {
                TRY(std::visit([this](const auto& message) { return take(message); }, *event));
            }
        }
    }

    std::vector<FileReady> take_files() { return std::move(files_); }

private:
    Result<> answer_need() {
        auto size = supplier_.take_answer();
        Reply reply;
        if (size) {
            reply.input_size = *size;
        } else {
            input_error_ = size.error();
            reply.error = Failed::from(size.error());
        }
        return child_.reply(reply);
    }

    Result<> take(const Need& need) {
        const auto number = static_cast<std::size_t>(need.input);
        if (number >= inputs_.size() || !inputs_[number].ensure) {
            return crashed("the media process asks for what it has");
        }
        supplier_.ask(need);
        return {};
    }

    Result<> take(const Progress& progress) {
        TRY(check_output(progress.output));
        Progress shown = progress;
        double& most = percents_[static_cast<std::size_t>(progress.output.value_or(0))];
        if (shown.percent) most = std::max(most, *shown.percent);
        if (shown.percent) shown.percent = most;
        if (events_.progress) events_.progress(shown);
        return {};
    }

    Result<> check_output(std::optional<int> output) const {
        if (static_cast<std::size_t>(output.value_or(0)) < percents_.size()) return {};
        return crashed("the media process tells of an output that nobody asked for");
    }

    Result<> take(const FileGrown& grown) {
        TRY(check_output(grown.output));
        if (!sandbox::is_flat_name(grown.name) || grown.from > grown.to) {
            return crashed("the media process named a file against the rules");
        }
        return events_.file_grown ? events_.file_grown(grown, child_.workspace()) : Result<>();
    }

    Result<> take(const FileReady& ready) {
        TRY(check_output(ready.output));
        TRY(check_size(ready, child_.workspace()));
        if (!names_.insert(ready.name).second) {
            return crashed("the media process made a file twice");
        }
        if (names_.size() > kMostFiles) return crashed("the media process makes too many files");
        files_.push_back(ready);
        return events_.file_ready ? events_.file_ready(ready, child_.workspace()) : Result<>();
    }

    /// What goes wrong after the input broke off is the input's error, whatever the child makes of
    /// it.
    Result<> take(const Failed& failed) { return input_error_ ? *input_error_ : error_of(failed); }
    Result<> take(const Finished&) { return {}; }

    const std::vector<OperationInput>& inputs_;
    const OperationEvents& events_;
    sandbox::Child& child_;
    Supplier supplier_;
    std::vector<FileReady> files_;
    std::set<std::string> names_;  // of these
    std::optional<Error> input_error_;
    std::vector<double> percents_;  // of each output
};

/// Checks once more what nobody can change any more.
Result<> check_files(const Outcome& outcome, const Assignment& assignment) {
    for (const auto& file : outcome.files) {
        TRY(check_size(file, outcome.workspace));
    }
    const bool makes_files = !assignment.explain && assignment.kind != "probe";
    const auto mains = std::ranges::count(outcome.files, true, &FileReady::is_main);
    if (mains == (makes_files ? 1 : 0)) return {};
    return crashed("the media process made no output or more than one");
}

/// What was made beside the first output, each with a folder of its own: nobody else has any of
/// them.
Result<> set_apart(Outcome& outcome) {
    for (std::size_t i = 0; i < outcome.finished.beside.size(); ++i) {
        auto& made = outcome.finished.beside[i];
        const auto& from = outcome.workspace.path();
        auto& other = outcome.beside.emplace_back(
            Finished{std::move(made.file), std::move(made.warnings), {}, {}},
            std::vector<FileReady>(), TRY(sandbox::Workspace::make(from.parent_path()))
        );
        const auto is_others = [&](const FileReady& file) {
            return file.output == static_cast<int>(i) + 1;
        };
        std::ranges::copy_if(outcome.files, std::back_inserter(other.files), is_others);
        std::erase_if(outcome.files, is_others);
        for (const auto& file : other.files) {
            std::error_code code;
            std::filesystem::rename(from / file.name, other.workspace.path() / file.name, code);
            if (code) return Error{ErrorKind::kInternalError, "a file is gone", ""};
        }
    }
    outcome.finished.beside.clear();
    return {};
}

void log_diagnostics(sandbox::Child& child, const Error& error) {
    const auto said = presentable(child.diagnostics());
    if (!said.empty())
        log::debug("media process", {{"said", said}, {"error", name_of(error.kind)}});
}

}  // namespace

Result<Outcome> run_operation(
    sandbox::Zygote& zygote,
    const OperationRequest& request,
    const OperationEvents& events,
    const std::stop_token& stop
) {
    return run_assignment(zygote, assignment_of(request), request.inputs, events, stop);
}

Result<Outcome> run_assignment(
    sandbox::Zygote& zygote,
    Assignment assignment,
    const std::vector<OperationInput>& inputs,
    const OperationEvents& events,
    const std::stop_token& stop
) try {
    auto child = TRY(zygote.take());
    std::vector<int> descriptors;
    for (const auto& input : inputs) {
        descriptors.push_back(input.descriptor);
        assignment.inputs.push_back(
            {.is_complete = !input.ensure,
             .size = input.size,
             .option = input.option,
             .comes_in_order = input.comes_in_order}
        );
    }
    TRY(child->assign(assignment, descriptors, stop));
    Run run(inputs, assignment.beside.size() + 1, events, *child, stop);
    auto finished = run.finish();
    child->kill();
    if (!finished) {
        log_diagnostics(*child, finished.error());
        return std::move(finished).error();
    }
    Outcome outcome{*std::move(finished), run.take_files(), child->take_workspace()};
    const auto beside = outcome.finished.beside.size();
    if (beside != 0 && beside != assignment.beside.size())
        return crashed("the media process made some of the outputs that go together");
    TRY(set_apart(outcome));
    const auto is_of_others = [](const FileReady& file) { return file.output.has_value(); };
    if (std::ranges::any_of(outcome.files, is_of_others))
        return crashed("the media process made files of an output that it did not finish");
    TRY(check_files(outcome, assignment));
    for (const auto& other : outcome.beside) TRY(check_files(other, assignment));
    return outcome;
} catch (const std::system_error& failure) {
    // A child can bring it about: it costs this attempt, not the process.
    return Error{
        ErrorKind::kInternalError, fmt::format("no thread is left: {}", failure.what()), ""
    };
}

}  // namespace ittybit::work
