#include "model/read_output.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "base/text.h"
#include "model/option_names.h"
#include "model/output_name.h"

namespace ittybit {
namespace {

template <Described T>
bool has_field(std::string_view name) {
    bool is_there = false;
    for_each_field<T>([&](const auto& field) { is_there = is_there || field.name == name; });
    return is_there;
}

/// The member's string; "" for anything else.
std::string text_of(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

/// What was sent is shown to whoever may see the job.
void hide_key(json::object& sent) {
    auto* encryption = sent.if_contains("encryption");
    if (encryption != nullptr && encryption->is_object()) encryption->get_object().erase("key");
}

/// One reading of one output.
class OutputReader {
public:
    OutputReader(
        const json::object& given,
        const std::string& at,
        const OrderRules& rules,
        std::optional<std::string>& order_connection,
        OrderProblems& problems
    )
        : given_(given),
          at_(at),
          rules_(rules),
          connection_(at.empty() ? order_connection : output_.place.connection),
          problems_(problems) {}

    OrderedOutput read() {
        read_place();
        output_.sent = merge_options();
        json::object options = output_.sent;
        hide_key(output_.sent);
        take_connection(options);
        const auto kind = read_kind();
        if (kind.empty()) {
            check_place("", "output", options);
        } else {
            take_work(kind, options);
        }
        return std::move(output_);
    }

private:
    /// `field` and `message` begin with a member of this output.
    void wrong(ErrorKind kind, std::string_view field, std::string_view message) {
        problems_.add(kind, field_path(at_, field), field_path(at_, message));
    }

    void read_place() {
        json::object document;
        for_each_field<OutputPlace>([&](const auto& field) {
            if (!is_output_field(field.name, at_, rules_)) return;
            if (const auto* value = member(given_, field.name)) document[field.name] = *value;
        });
        Reader reader;
        reader.read(document, output_.place);
        for (const auto& problem : reader.problems()) {
            wrong(kind_of_field(problem.where), problem.where, problem.message);
        }
    }

    /// `options` and the options given beside it become one object; all else is unknown.
    json::object merge_options() {
        json::object options;
        const auto* inner = member(given_, "options");
        if (inner != nullptr && !inner->is_object()) {
            wrong(ErrorKind::kInvalidOptions, "options", "options must be an object");
        } else if (inner != nullptr) {
            for (const auto& [name, value] : inner->get_object()) {
                if (!value.is_null()) options[name] = value;
            }
        }
        for (const auto& [key, value] : given_) {
            const std::string_view name = key;
            const bool is_field =
                is_output_field(name, at_, rules_) || (at_.empty() && is_order_field(name));
            if (value.is_null() || is_field) continue;
            if (!is_option(name)) {
                problems_.add(
                    ErrorKind::kInvalidRequest, field_path(at_, name),
                    not_a_field(name, at_, rules_)
                );
            } else if (options.contains(name)) {
                wrong(
                    ErrorKind::kInvalidOptions, name,
                    fmt::format("{} is given twice: at the top and in options", name)
                );
            } else {
                options[name] = value;
            }
        }
        return options;
    }

    /// `options.connection_id` is another way to say `connection`.
    void take_connection(json::object& options) {
        const auto* value = options.if_contains("connection_id");
        if (value == nullptr) return;
        if (!value->is_string()) {
            wrong(
                ErrorKind::kInvalidOptions, "options.connection_id",
                "connection_id must be a connection's id or name"
            );
        } else if (connection_ && *connection_ != value->get_string()) {
            wrong(
                ErrorKind::kInvalidOptions, "options.connection_id",
                "connection_id names another connection than connection: give one of them"
            );
        } else {
            connection_ = std::string(value->get_string());
        }
        options.erase("connection_id");
    }

    /// The kind; "" where there is none that may be asked for here.
    std::string read_kind() {
        auto allowed = work_kinds();
        if (!rules_.is_task) std::erase_if(allowed, [](auto& kind) { return !is_job_kind(kind); });
        const auto* value = member(given_, "kind");
        if (value == nullptr || *value == "") {
            wrong(
                ErrorKind::kKindRequired, "kind",
                fmt::format("kind is required: one of {}", join(allowed))
            );
            return "";
        }
        auto word = text_of(given_, "kind");
        if (std::ranges::find(allowed, word) != allowed.end()) return word;
        wrong(
            ErrorKind::kInvalidKind, "kind",
            fmt::format("kind must be one of {}, not {}", join(allowed), compact_json(*value))
        );
        return "";
    }

    void take_work(std::string_view kind, json::object& options) {
        std::vector<OptionProblem> problems;
        drop_strange_options(kind, options, problems);
        if (kind == ExportOptions::kName) {
            if (options.contains("url")) output_.place.url = text_of(options, "url");
            check_place(kind, "options.url", options);
        } else {
            check_place(kind, "output", options);
        }
        output_.work = read_work(kind, options, problems);
        check_takes_all();
        const auto operation = output_.operation();
        for (const auto& [option, url] : further_inputs(operation)) {
            const auto checked = check_address(url, option, rules_);
            if (!checked)
                problems.push_back({ErrorKind::kInvalidOptions, option, checked.error().message});
        }
        check_key_url(operation, problems);
        for (const auto& problem : problems) {
            wrong(problem.kind, "options." + problem.field, problem.message);
        }
    }

    /// Where the output goes; without a format given, the extension there decides it.
    void check_place(std::string_view kind, std::string_view field, json::object& options) {
        const auto& place = output_.place.url;
        if (!place) return;
        const bool is_here = rules_.takes_paths && !is_url(*place);
        const bool is_folder = makes_folder(kind, options);
        Result<> checked;
        if (is_web(*place)) {
            checked = rules_.check_url(*place);
            if (!checked) checked = std::move(checked).error().in("output");
        } else if (!is_here) {
            checked = check_s3_output(*place, is_folder);
        }
        if (checked && is_job_kind(kind)) checked = settle_format(kind, *place, options);
        if (!checked) wrong(ErrorKind::kInvalidOutput, field, checked.error().message);
    }

    /// A web address is one file's.
    void check_takes_all() {
        const auto& url = output_.place.url;
        if (!url || !is_web(*url) || makes_one_file(output_.operation())) return;
        wrong(
            ErrorKind::kInvalidOutput, "output",
            "output is one address, and this makes many files: give s3://bucket/key, or "
            "leave it out"
        );
    }

    /// Where a key is to be fetched.
    void check_key_url(const Operation& operation, std::vector<OptionProblem>& problems) const {
        const auto* encryption = encryption_of(operation);
        const bool is_fetched = encryption != nullptr && !encryption->key;
        if (!is_fetched || !problems.empty()) return;
        const std::string field = "encryption.key_url";
        auto checked = rules_.check_url(encryption->key_url);
        if (checked) return;
        problems.push_back(
            {ErrorKind::kInvalidOptions, field, std::move(checked).error().in(field).message}
        );
    }

    const json::object& given_;
    const std::string& at_;
    const OrderRules& rules_;
    OrderedOutput output_;
    std::optional<std::string>& connection_;  // of the order, or of this output alone
    OrderProblems& problems_;
};

}  // namespace

OrderedOutput read_output(
    const json::object& given,
    const std::string& at,
    const OrderRules& rules,
    std::optional<std::string>& order_connection,
    OrderProblems& problems
) {
    return OutputReader(given, at, rules, order_connection, problems).read();
}

bool is_output_field(std::string_view name, std::string_view at, const OrderRules& rules) {
    if (name == "options" || name == "kind") return true;
    if (name == "output") return !rules.is_task || rules.takes_paths;
    return !at.empty() && has_field<OutputPlace>(name);
}

bool is_order_field(std::string_view name) {
    return name != "kind" && name != "outputs" && has_field<Order>(name);
}

std::string not_a_field(std::string_view name, std::string_view at, const OrderRules& rules) {
    std::vector<std::string_view> known = {"options"};
    const auto add = [&](const auto& row) {
        const bool is_field =
            is_output_field(row.name, at, rules) || (at.empty() && is_order_field(row.name));
        if (is_field) known.push_back(row.name);
    };
    for_each_field<Order>(add);
    for_each_field<OutputPlace>(add);
    return fmt::format("{} is not a field here{}", field_path(at, name), suggestion(name, known));
}

const json::value* member(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

Result<> check_address(const std::string& url, std::string_view field, const OrderRules& rules) {
    if (rules.takes_paths && !is_url(url)) return {};
    if (!is_web(url) && !is_s3(url)) {
        return Error{
            ErrorKind::kInvalidInput,
            fmt::format("{} must use http://, https://, or s3:// scheme", field), std::string(field)
        };
    }
    auto checked = rules.check_url(url);
    if (!checked) return std::move(checked).error().in(field);
    return is_web(url) ? Result<>() : check_s3_input(url, field);
}

}  // namespace ittybit
