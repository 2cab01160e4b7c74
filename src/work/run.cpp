#include "work/run.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "model/order.h"
#include "model/output_name.h"
#include "work/import.h"
#include "work/make_output.h"
#include "work/places.h"

namespace ittybit::work {
namespace {

/// What a step came to: its file is for other steps, or has its names; or it failed.
using Done = std::variant<File, Made, Blamed>;

/// A piece of a task's work. A task has succeeded when its last step has.
struct Step {
    std::string task;
    std::vector<std::string> needs;  // the tasks whose output it reads
    std::function<Done()> work;
    Output* output = nullptr;  // whose it is alone
};

/// As long as it lives, the run does nothing but wait for its input.
class Waiting {
public:
    Waiting(SlowInput* slow, const storage::Source* source, std::stop_token stop)
        : slow_(slow), stop_(std::move(stop)) {
        if (slow_ == nullptr) return;
        slow_->begin([source] { return source == nullptr ? 0 : source->bytes_present(); });
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() {
        if (slow_ != nullptr) slow_->end(stop_);
    }

private:
    SlowInput* const slow_;
    const std::stop_token stop_;
};

/// Every step in its order. One that fails ends its output, or all of them.
class Walk {
public:
    /// The tasks of a job are probe, import, and two for each output; a standalone one is all of
    /// them.
    Walk(const RunRequest& request, Ledger& ledger)
        : request_(request), ledger_(ledger), further_(request.open_further) {
        const auto& tasks = ledger.job().tasks;
        const auto at = [&](std::size_t i) -> const Task& {
            return tasks[std::min(i, tasks.size() - 1)];
        };
        probe_ = at(0).id;
        import_task_ = at(1).id;
        for (std::size_t i = 0; i < request.outputs.size(); ++i) {
            const auto work = kTasksOfInput + 2 * i;
            // An earlier attempt has ended it.
            if (is_final(at(work + 1).status) || at(work).status == TaskStatus::kFailed) continue;
            outputs_.push_back({request.outputs[i], at(work).id, at(work + 1).id});
        }
    }

    Ending run() {
        Ending ending;
        const auto steps = this->steps();
        for (auto step = steps.begin(); step != steps.end(); ++step) {
            if (step->output != nullptr && step->output->is_over) continue;
            auto done = take(*step);
            const auto next = std::next(step);
            if (const auto* blamed = std::get_if<Blamed>(&done)) {
                ending.failures.push_back(*blamed);
                if (!fails_alone(*blamed)) break;
                ledger_.fail(blamed->task, blamed->error);
                if (std::ranges::all_of(outputs_, &Output::is_over)) break;
            } else if (auto* made = std::get_if<Made>(&done)) {
                if (next == steps.end() && ending.failures.empty()) {
                    ending.last = std::move(*made);
                } else {
                    ledger_.publish(*made);
                }
            } else {
                const auto& file = files_[step->task] = std::get<File>(std::move(done));
                const bool has_more = std::any_of(next, steps.end(), [&](const Step& later) {
                    return later.task == step->task;
                });
                if (!has_more) ledger_.succeed(step->task, file);
            }
        }
        if (source_) ending.input_bytes = source_->size().value_or(0);
        return ending;
    }

private:
    std::vector<Step> steps() {
        if (outputs_.empty()) return {};
        auto& first = outputs_.front();
        if (request_.kind == "probe") return {{probe_, {}, [this] { return tell_facts(); }}};
        if (request_.kind == "import" || request_.kind == "export") {
            return {{probe_, {}, [this, &first] { return copy(first); }, &first}};
        }
        const bool is_standalone = probe_ == import_task_;
        // Nobody asks for the facts of its input, but for the format that an image may keep.
        const bool is_known = is_standalone && !extension_of(first.request.operation).empty();
        std::vector<Step> steps;
        steps.push_back({probe_, {}, [this, is_known] { return is_known ? open() : probe(); }});
        steps.push_back({import_task_, {}, [this] { return begin_import(); }});
        for (auto& output : outputs_) {
            const auto reads = [&](const std::string& task) {
                return is_standalone ? std::vector<std::string>() : std::vector{task};
            };
            steps.push_back(
                {output.work, reads(probe_), [&, this] { return make(output); }, &output}
            );
            if (&output == &first) {
                steps.push_back({import_task_, {}, [this] { return finish_import(); }});
            }
            steps.push_back(
                {output.publish, reads(output.work), [&, this] { return publish(output); }, &output}
            );
        }
        return steps;
    }

    /// Whether it is one of several outputs that failed, and is over.
    bool fails_alone(const Blamed& blamed) {
        const auto failed = std::ranges::find_if(outputs_, [&](const Output& output) {
            return blamed.task == output.work || blamed.task == output.publish;
        });
        const bool is_stopped =
            blamed.error.kind == ErrorKind::kCancelled || ledger_.stop().stop_requested();
        if (failed == outputs_.end() || is_stopped || request_.outputs.size() == 1) return false;
        failed->close();
        return true;
    }

    Done take(const Step& step) {
        begin(step.task, step.needs);
        return step.work();
    }

    void begin(const std::string& task, const std::vector<std::string>& needs) {
        std::optional<TaskInput> input;
        for (const auto& needed : needs) input = TaskInput{files_.at(needed)};
        ledger_.begin(task, std::move(input));
    }

    /// A result as the doing of this task.
    static Done of(const std::string& task, Result<File> result) {
        if (result) return *std::move(result);
        return Blamed{task, std::move(result).error()};
    }

    Done open() {
        const Waiting waiting(request_.slow_input, nullptr, ledger_.stop());
        auto opened = request_.open_input(ledger_.stop());
        if (!opened) return Blamed{probe_, std::move(opened).error()};
        source_ = *std::move(opened);
        for (const auto& output : outputs_) {
            auto fetched = further_.fetch(output.request.operation, ledger_.stop());
            if (!fetched) return Blamed{probe_, std::move(fetched).error()};
        }
        return File();
    }

    Done probe() {
        auto opened = open();
        if (std::holds_alternative<Blamed>(opened)) return opened;
        return of(probe_, look());
    }

    /// The facts as the whole result.
    Done tell_facts() {
        auto done = probe();
        if (auto* file = std::get_if<File>(&done)) return Made{probe_, {std::move(*file)}};
        return done;
    }

    /// The facts of the input; the other files are looked at too, as far as a child takes them.
    Result<File> look() {
        OperationRequest operation = about(ProbeOptions{});
        further_.append_all(operation);
        auto outcome = TRY(request_.perform(operation, {}, ledger_.stop()));
        facts_ = std::move(outcome.finished.file);
        facts_.url = request_.url;
        return facts_;
    }

    OperationRequest about(Operation operation) const {
        OperationRequest request;
        request.operation = std::move(operation);
        auto& input = request.inputs.emplace_back(input_from(*source_));
        if (auto ensure = input.ensure) {
            input.ensure = [this, ensure](auto offset, auto length, const auto& stop) {
                const Waiting waiting(request_.slow_input, source_.get(), stop);
                return ensure(offset, length, stop);
            };
        }
        further_.append(request);
        request.limits = request_.limits;
        return request;
    }

    /// The input as it is, with its facts.
    Done copy(Output& output) {
        auto opened = open();
        if (std::holds_alternative<Blamed>(opened)) return opened;
        return made(output, copied(output), {});
    }

    Result<Published> copied(const Output& output) {
        const auto to = TRY(output.request.open(std::string(extension_of_address(request_.url))));
        {
            const Measured measured(ledger_, output.publish, [this] {
                return percent_of(*source_);
            });
            const Waiting waiting(request_.slow_input, source_.get(), ledger_.stop());
            TRY(source_->complete(ledger_.stop()));
        }
        auto facts = TRY(look());
        return to->copy(std::move(facts), source_->descriptor(), source_->size().value_or(0));
    }

    /// It goes on while the work already reads what is there.
    Done begin_import() {
        const bool is_wanted = std::ranges::any_of(outputs_, [](const Output& output) {
            return needs_every_byte(output.request.operation);
        });
        import_ = std::make_unique<Import>(*source_, is_wanted, ledger_.stop());
        if (import_task_ != probe_) {
            measured_.emplace(ledger_, import_task_, [this] { return import_->percent(); });
        }
        return imported();
    }

    Done finish_import() {
        const Waiting waiting(request_.slow_input, source_.get(), ledger_.stop());
        if (auto done = import_->finish(); !done) return Blamed{import_task_, done.error()};
        measured_.reset();
        return imported();
    }

    /// Of the working copy, which nobody else can have.
    File imported() const {
        File file = facts_;
        file.url.reset();
        return file;
    }

    Done make(Output& output) {
        const Making making{
            .ledger = ledger_,
            .perform = request_.perform,
            .import = *import_,
            .import_task = import_task_,
            .format = facts_.format,
            .about = [this](const Operation& operation) { return about(operation); },
            .begin = [this](const Output& begun) { begin(begun.work, {probe_}); },
        };
        if (auto failed = make_output(making, output, outputs_)) return *std::move(failed);
        return output.outcome->finished.file;
    }

    Done publish(Output& output) {
        auto warnings = std::move(output.outcome->finished.warnings);
        const auto& label = output.request.label;
        for (auto& warning : warnings) {
            if (!label.empty()) warning = fmt::format("{}: {}", label, warning);
        }
        return made(output, output.destination->publish(*output.outcome), std::move(warnings));
    }

    static Done made(
        Output& output, Result<Published> published, std::vector<std::string> warnings
    ) {
        if (!published) return Blamed{output.publish, std::move(published).error()};
        output.close();
        return Made{output.publish, *std::move(published), std::move(warnings)};
    }

    const RunRequest& request_;
    Ledger& ledger_;
    std::string probe_;  // ids of tasks
    std::string import_task_;
    std::map<std::string, File> files_;  // by task
    std::shared_ptr<storage::Source> source_;
    FurtherSources further_;
    File facts_;  // of the input
    std::vector<Output> outputs_;
    std::unique_ptr<Import> import_;  // behind the source, into which it reads
    std::optional<Measured> measured_;
};

}  // namespace

Ending run(const RunRequest& request, Ledger& ledger) {
    return Walk(request, ledger).run();
}

}  // namespace ittybit::work
