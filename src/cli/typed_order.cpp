#include "cli/typed_order.h"

#include <cstdlib>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "cli/ask.h"
#include "cli/many.h"
#include "model/output_name.h"
#include "model/read_order.h"
#include "net/url.h"

namespace ittybit::cli {
namespace {

/// `-i` of a task may be the JSON that another task gave; of a job, its address is meant.
Result<json::value> read_input(const std::string& typed, bool is_task) {
    if (typed.empty()) {
        return Error{
            ErrorKind::kInputRequired, "an input is required: give a path or URL with -i", "input"
        };
    }
    if (!typed.starts_with("{")) return json::value(typed);
    auto document = TRY(parse_json(typed));
    const auto url = TRY(TaskInput::from_json(document)).url();
    if (url.empty()) return Error{ErrorKind::kInvalidInput, "the input file has no url", "input"};
    return is_task ? std::move(document) : json::value(url);
}

/// A job here is told the whole address of its input, as one on a server is.
json::value with_address(json::value input) {
    const auto is_path = [](const json::value& value) {
        return value.is_string() &&
               std::string_view(value.get_string()).find("://") == std::string_view::npos;
    };
    if (is_path(input)) return json::string(work::file_url(std::string(input.get_string())));
    return input;
}

/// Where an output is to go. A path's extension decides the format like that of a key, also for a
/// server, which is not told the path.
void place(json::object& output, const std::string& where) {
    const auto kind = string_at(output, "kind");
    const bool is_copy = kind == ExportOptions::kName;
    if (!is_copy && !where.empty()) output["output"] = where;
    auto& options = output["options"];
    if (!options.is_object()) options = json::object();
    if (is_copy) {
        options.get_object()["url"] = where.empty() ? "./" : where;
    } else if (!where.empty() && is_job_kind(kind) && !is_url(where)) {
        // What is wrong with it is said with all else.
        static_cast<void>(settle_format(kind, where, options.get_object()));
    }
}

/// The same in a folder, under the name that it may have been given.
void place_in(const std::string& folder, json::object& output) {
    const auto name = string_at(output, "output");
    if (is_url(name)) return;
    place(output, name.starts_with('/') ? name : folder + name);
}

/// The same for each of several.
Result<> place_each(json::array& outputs, std::string folder) {
    if (is_url(folder) || folder == work::kStandardOutput) {
        return Error{
            ErrorKind::kInvalidOutput,
            "several outputs go to a folder: -o FOLDER/; what goes to s3:// says so in the body",
            "output"
        };
    }
    if (!folder.empty() && !folder.ends_with('/')) folder += '/';
    for (auto& output : outputs) {
        if (output.is_object()) place_in(folder, output.get_object());
    }
    return {};
}

/// The connection that is meant: a flag's before the body's, which may be called `connection_id`
/// there and stand among the options, and the environment's last.
void name_connection(const std::string& flag, json::object& document) {
    auto* options = document.contains("options") ? document["options"].if_object() : nullptr;
    const auto is_given = [](const json::object& object, std::string_view name) {
        const auto* value = object.if_contains(name);
        return value != nullptr && !value->is_null();
    };
    const bool is_said = is_given(document, "connection") || is_given(document, "connection_id") ||
                         (options != nullptr && is_given(*options, "connection_id"));
    const char* preset = std::getenv("ITTYBIT_CONNECTION");
    if (!flag.empty()) {
        document["connection"] = flag;
        document.erase("connection_id");
        if (options != nullptr) options->erase("connection_id");
    } else if (preset != nullptr && *preset != '\0' && !is_said) {
        document["connection"] = preset;
    }
}

OrderRules rules_of(bool is_task, Done done) {
    OrderRules rules;
    rules.is_task = is_task;
    rules.takes_outputs = !is_task;
    rules.takes_paths = true;
    rules.takes_webhook = done == Done::kThere;
    rules.check_url = [](const std::string& url) -> Result<> {
        TRY(net::Url::parse(url));
        return {};
    };
    // Who has them, a server or this user's file, is asked later.
    rules.find_connection = [](const std::optional<std::string>& name) {
        return Result(std::optional(name.value_or("")));
    };
    return rules;
}

std::string extension_of(const OrderedOutput& output, const std::string& input) {
    if (is_job_kind(output.kind())) return std::string(ittybit::extension_of(output.operation()));
    return std::string(extension_of_address(input));
}

}  // namespace

Result<json::object> read_body(std::string word, const std::stop_token& stop) {
    if (word == "-") word = TRY(read_standard_input(stop));
    if (word.empty()) {
        return Error{
            ErrorKind::kInvalidRequest, "give the request as JSON with --body, or --body -", ""
        };
    }
    auto body = TRY(parse_json(word));
    if (body.is_object()) return std::move(body.get_object());
    return Error{ErrorKind::kInvalidRequest, "the body must be a JSON object", ""};
}

Result<TypedOrder> read_typed(
    const Globals& globals, json::object document, bool is_task, Done done
) {
    const auto in_body = string_at(document, "input");
    if (!in_body.empty() && !globals.input.empty()) {
        return Error{
            ErrorKind::kInvalidInput, "input is given twice: with -i and in the body", "input"
        };
    }
    document["input"] = TRY(read_input(globals.input + in_body, is_task));
    if (done == Done::kHere) document["input"] = with_address(document["input"]);
    auto* outputs = document.contains("outputs") ? document["outputs"].if_array() : nullptr;
    if (outputs != nullptr) {
        TRY(place_each(*outputs, globals.output));
    } else {
        const bool is_folder = globals.output.empty() || globals.output.ends_with('/');
        if (!is_folder && !string_at(document, "output").empty()) {
            return Error{
                ErrorKind::kInvalidOutput, "output is given twice: with -o and in the body",
                "output"
            };
        }
        place_in(globals.output, document);
    }
    name_connection(globals.connection, document);
    auto [order, problems] = TRY(read_order(document, rules_of(is_task, done)));
    if (!problems.empty()) return error_of(problems);
    return TypedOrder{std::move(document), std::move(order), is_task};
}

Result<std::vector<std::optional<work::Target>>> choose_targets(
    const TypedOrder& typed, Done done
) {
    std::vector<std::optional<work::Target>> targets;
    std::set<std::filesystem::path> taken;
    const auto input = typed.order.input.url();
    for (const auto& output : typed.order.outputs) {
        const auto& url = output.place.url;
        const bool is_file = url ? !is_url(*url) : done == Done::kHere;
        auto& target = targets.emplace_back();
        if (!is_file || output.kind() == "probe") continue;
        const auto& name = output.place.name;
        const auto extension = extension_of(output, input);
        if (typed.order.kind == kMultiKind) make_folder(url.value_or(""));
        target = TRY(work::choose_target({
            .kind = output.kind(),
            .output = url.value_or(""),
            .input = input,
            .extension = extension,
            .name = name.value_or(""),
            .is_folder = makes_folder(output.operation()),
        }));
        const auto path = target->folder / fmt::format("{}.{}", target->stem, target->extension);
        if (!target->may_replace || taken.insert(path.lexically_normal()).second) continue;
        return Error{
            ErrorKind::kInvalidOutput,
            fmt::format("{} is another output's already: give each its own", path.string()),
            "output"
        };
    }
    return targets;
}

}  // namespace ittybit::cli
