#include "model/read_order.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "base/text.h"
#include "model/option_names.h"
#include "model/output_name.h"

namespace ittybit {
namespace {

constexpr std::size_t kMostErrors = 100;  // told at once

/// "outputs.1.kind"; "kind" where there is nothing in front.
std::string path(std::string_view at, std::string_view name) {
    return at.empty() ? std::string(name) : fmt::format("{}.{}", at, name);
}

/// What is said of a wrong field of the order or of a place.
ErrorKind kind_of_field(std::string_view field) {
    if (field == "output") return ErrorKind::kInvalidOutput;
    if (field == "connection") return ErrorKind::kConnectionRequired;
    if (field == "webhook_url") return ErrorKind::kInvalidWebhookUrl;
    return ErrorKind::kInvalidRequest;
}

template <Described T>
bool has_field(std::string_view name) {
    bool is_there = false;
    for_each_field<T>([&](const auto& field) { is_there = is_there || field.name == name; });
    return is_there;
}

/// Whether it belongs to the order as a whole.
bool is_order_field(std::string_view name) {
    return name != "kind" && name != "outputs" && has_field<Order>(name);
}

/// The member, unless it is absent or null.
const json::value* member(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

/// The member's string; "" for anything else.
std::string text_of(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

void replace_all(std::string& text, std::string_view word, std::string_view by) {
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size())) {
        text.replace(at, word.size(), by);
    }
}

/// Where an output goes, in words that no two may share: what is not known yet stays as it is.
std::string place_of(const OrderedOutput& output) {
    auto place = output.place.url.value_or("");
    std::string format(extension_of(output.operation()));
    if (format.empty()) format = "{format}";
    replace_all(place, "{kind}", output.kind());
    replace_all(place, "{format}", format);
    if (makes_folder(output.operation())) {
        if (is_s3(place) && !place.ends_with('/')) place += '/';
        return place;
    }
    if (is_s3(place) && extension_in(place).empty()) place += "." + format;
    return place;
}

/// One reading of one document.
class OrderReader {
public:
    OrderReader(const json::object& document, const OrderRules& rules)
        : document_(document), rules_(rules) {}

    Result<OrderReading> read() {
        read_envelope();
        if (rules_.takes_outputs && member(document_, "outputs") != nullptr) {
            read_outputs();
        } else {
            order_.outputs.push_back(read_output(document_, ""));
            order_.kind = order_.outputs.front().kind();
        }
        check_input();
        check_metadata();
        check_webhook();
        TRY(find_connections());
        check_places_differ();
        std::ranges::stable_sort(problems_, {}, &OptionProblem::kind);
        return OrderReading{std::move(order_), std::move(problems_)};
    }

private:
    /// What is wrong with a field is said once.
    void wrong(ErrorKind kind, std::string field, std::string message) {
        const bool is_told =
            std::ranges::find(problems_, field, &OptionProblem::field) != problems_.end();
        if (is_told || problems_.size() >= kMostErrors) return;
        problems_.push_back({kind, std::move(field), std::move(message)});
    }

    void read_envelope() {
        json::object envelope{{"outputs", json::array()}};
        for (const auto& [name, value] : document_) {
            if (is_order_field(name)) envelope[name] = value;
        }
        Reader reader;
        reader.read(envelope, order_);
        for (const auto& problem : reader.problems()) {
            if (problem.where == "input") continue;  // judged below
            wrong(kind_of_field(problem.where), problem.where, problem.message);
        }
    }

    void read_outputs() {
        order_.kind = kMultiKind;
        for (const auto& [name, value] : document_) {
            if (value.is_null() || is_order_field(name) || name == "outputs") continue;
            if (!takes(name, "outputs.0") && !is_option(name)) {
                tell_unknown(name, "");
                continue;
            }
            wrong(
                ErrorKind::kInvalidRequest, name,
                fmt::format(
                    "{} does not go with outputs: each of them has its own", std::string_view(name)
                )
            );
        }
        const auto* list = document_.at("outputs").if_array();
        if (list == nullptr || list->empty() || list->size() > kMostOutputs) {
            return wrong(
                ErrorKind::kInvalidRequest, "outputs",
                fmt::format("outputs must be a list of 1 to {}", kMostOutputs)
            );
        }
        for (std::size_t i = 0; i < list->size(); ++i) {
            const auto at = fmt::format("outputs.{}", i);
            if (const auto* given = list->at(i).if_object()) {
                order_.outputs.push_back(read_output(*given, at));
            } else {
                wrong(ErrorKind::kInvalidRequest, at, at + " must be an object");
                order_.outputs.emplace_back();
            }
        }
    }

    void check_places_differ() {
        std::map<std::pair<std::string, std::string>, std::size_t>
            taken;  // by connection and place
        for (std::size_t i = 0; i < order_.outputs.size(); ++i) {
            const auto place = place_of(order_.outputs[i]);
            const bool is_found = place.ends_with('/') && !is_s3(place);  // names are, there
            if (place.empty() || is_found) continue;
            const auto connection = order_.connection_of(order_.outputs[i]).value_or("");
            const auto [first, is_new] = taken.emplace(std::pair(connection, place), i);
            if (is_new) continue;
            wrong(
                ErrorKind::kInvalidOutput, fmt::format("outputs.{}.output", i),
                fmt::format(
                    "outputs.{}.output is the place of outputs.{} already: give each its own", i,
                    first->second
                )
            );
        }
    }

    /// `at`: where it lies in the document; "" for that of a plain order.
    OrderedOutput read_output(const json::object& given, const std::string& at) {
        OrderedOutput output;
        read_place(given, at, output.place);
        output.sent = merge_options(given, at);
        json::object options = output.sent;
        hide_key(output.sent);
        take_connection(options, output, at);
        const auto kind = read_kind(given, at);
        if (kind.empty()) {
            check_place("", output.place.url, "output", at, options);
            return output;
        }
        std::vector<OptionProblem> problems;
        drop_strange_options(kind, options, problems);
        if (kind == ExportOptions::kName) {
            if (options.contains("url")) output.place.url = text_of(options, "url");
            check_place(kind, output.place.url, "options.url", at, options);
        } else {
            check_place(kind, output.place.url, "output", at, options);
        }
        output.work = read_work(kind, options, problems);
        check_takes_all(output, at);
        for (const auto& [option, url] : further_inputs(output.operation())) {
            const auto checked = check_address(url, option);
            if (!checked)
                problems.push_back({ErrorKind::kInvalidOptions, option, checked.error().message});
        }
        check_key_url(output.operation(), problems);
        for (const auto& problem : problems) {
            wrong(problem.kind, path(at, "options." + problem.field), path(at, problem.message));
        }
        return output;
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

    void read_place(const json::object& given, const std::string& at, OutputPlace& place) {
        json::object document;
        for_each_field<OutputPlace>([&](const auto& field) {
            if (!takes(field.name, at)) return;
            if (const auto* value = member(given, field.name)) document[field.name] = *value;
        });
        Reader reader;
        reader.read(document, place);
        for (const auto& problem : reader.problems()) {
            wrong(kind_of_field(problem.where), path(at, problem.where), path(at, problem.message));
        }
    }

    /// Where the output goes; without a format given, the extension there decides it.
    void check_place(
        std::string_view kind,
        const std::optional<std::string>& place,
        std::string_view field,
        const std::string& at,
        json::object& options
    ) {
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
        if (checked) return;
        wrong(ErrorKind::kInvalidOutput, path(at, field), path(at, checked.error().message));
    }

    /// A web address is one file's.
    void check_takes_all(const OrderedOutput& output, const std::string& at) {
        const auto& url = output.place.url;
        if (!url || !is_web(*url) || makes_one_file(output.operation())) return;
        wrong(
            ErrorKind::kInvalidOutput, path(at, "output"),
            path(
                at,
                "output is one address, and this makes many files: give s3://bucket/key, or "
                "leave it out"
            )
        );
    }

    /// Whether an output may have a member. What belongs to a plain order as a whole is read there.
    bool takes(std::string_view name, std::string_view at) const {
        if (name == "options" || name == "kind") return true;
        if (name == "output") return !rules_.is_task || rules_.takes_paths;
        return !at.empty() && has_field<OutputPlace>(name);
    }

    /// `options` and the options given beside it become one object; all else is unknown.
    json::object merge_options(const json::object& given, const std::string& at) {
        json::object options;
        const auto* inner = member(given, "options");
        if (inner != nullptr && !inner->is_object()) {
            const auto field = path(at, "options");
            wrong(ErrorKind::kInvalidOptions, field, field + " must be an object");
        } else if (inner != nullptr) {
            for (const auto& [name, value] : inner->get_object()) {
                if (!value.is_null()) options[name] = value;
            }
        }
        for (const auto& [name, value] : given) {
            const bool is_field = takes(name, at) || (at.empty() && is_order_field(name));
            if (value.is_null() || is_field) continue;
            if (!is_option(name)) {
                tell_unknown(name, at);
            } else if (options.contains(name)) {
                wrong(
                    ErrorKind::kInvalidOptions, path(at, name),
                    fmt::format("{} is given twice: at the top and in options", path(at, name))
                );
            } else {
                options[name] = value;
            }
        }
        return options;
    }

    /// What was sent is shown to whoever may see the job.
    static void hide_key(json::object& sent) {
        auto* encryption = sent.if_contains("encryption");
        if (encryption != nullptr && encryption->is_object()) encryption->get_object().erase("key");
    }

    void tell_unknown(std::string_view name, const std::string& at) {
        std::vector<std::string_view> known = {"options"};
        const auto add = [&](const auto& row) {
            const bool is_field = takes(row.name, at) || (at.empty() && is_order_field(row.name));
            if (is_field) known.push_back(row.name);
        };
        for_each_field<Order>(add);
        for_each_field<OutputPlace>(add);
        wrong(
            ErrorKind::kInvalidRequest, path(at, name),
            fmt::format("{} is not a field here{}", path(at, name), suggestion(name, known))
        );
    }

    /// The kind; "" where there is none that may be asked for here.
    std::string read_kind(const json::object& given, const std::string& at) {
        auto allowed = work_kinds();
        if (!rules_.is_task) std::erase_if(allowed, [](auto& kind) { return !is_job_kind(kind); });
        const auto field = path(at, "kind");
        const auto* value = member(given, "kind");
        if (value == nullptr || *value == "") {
            wrong(
                ErrorKind::kKindRequired, field,
                fmt::format("{} is required: one of {}", field, join(allowed))
            );
            return "";
        }
        auto word = text_of(given, "kind");
        if (std::ranges::find(allowed, word) != allowed.end()) return word;
        wrong(
            ErrorKind::kInvalidKind, field,
            fmt::format("{} must be one of {}, not {}", field, join(allowed), compact_json(*value))
        );
        return "";
    }

    /// `options.connection_id` is another way to say `connection`.
    void take_connection(json::object& options, OrderedOutput& output, const std::string& at) {
        const auto* value = options.if_contains("connection_id");
        if (value == nullptr) return;
        auto& place = at.empty() ? order_.connection : output.place.connection;
        if (!value->is_string()) {
            wrong(
                ErrorKind::kInvalidOptions, path(at, "options.connection_id"),
                path(at, "connection_id must be a connection's id or name")
            );
        } else if (place && *place != value->get_string()) {
            wrong(
                ErrorKind::kInvalidOptions, path(at, "options.connection_id"),
                path(at, "connection_id names another connection than connection: give one of them")
            );
        } else {
            place = std::string(value->get_string());
        }
        options.erase("connection_id");
    }

    void check_input() {
        const auto* value = member(document_, "input");
        if (value != nullptr && !value->is_string() && !rules_.is_task) {
            return wrong(ErrorKind::kInvalidInput, "input", "input must be a URL, as a string");
        }
        if (value != nullptr) {
            const auto read = TaskInput::from_json(*value);
            if (!read) {
                return wrong(ErrorKind::kInvalidInput, "input", "input " + read.error().message);
            }
            check_is_one_file(*read);
        }
        const auto url = order_.input.url();
        if (url.empty()) {
            return wrong(ErrorKind::kInputRequired, "input", "input is required: give a URL");
        }
        if (const auto checked = check_address(url, "input"); !checked) {
            wrong(ErrorKind::kInvalidInput, "input", checked.error().message);
        }
    }

    void check_is_one_file(const TaskInput& input) {
        const auto* file = std::get_if<File>(&input.file);
        if (file == nullptr || !file->parts || order_.kind != ExportOptions::kName) return;
        wrong(
            ErrorKind::kInvalidInput, "input",
            "input has parts, and this kind copies one file: name an s3:// output where it is "
            "made, or give the address of one of its files"
        );
    }

    /// Whether bytes can be had from there, for the input or an option.
    Result<> check_address(const std::string& url, std::string_view field) const {
        if (rules_.takes_paths && !is_url(url)) return {};
        if (!is_web(url) && !is_s3(url)) {
            return Error{
                ErrorKind::kInvalidInput,
                fmt::format("{} must use http://, https://, or s3:// scheme", field),
                std::string(field)
            };
        }
        auto checked = rules_.check_url(url);
        if (!checked) return std::move(checked).error().in(field);
        return is_web(url) ? Result<>() : check_s3_input(url, field);
    }

    void check_metadata() {
        if (json_text(order_.metadata).size() <= kLargestMetadata) return;
        wrong(ErrorKind::kInvalidRequest, "metadata", "metadata is larger than 16 KiB");
    }

    void check_webhook() {
        if (!order_.webhook_url) return;
        const auto& url = *order_.webhook_url;
        std::string message;
        if (!rules_.takes_webhook) {
            message = "webhook_url needs a server; leave it out with --local";
        } else if (!is_web(url)) {
            message = "webhook_url must be an http:// or https:// URL";
        } else if (const auto checked = rules_.check_url(url); !checked) {
            message = "webhook_url: " + checked.error().message;
        }
        if (message.empty()) return;
        wrong(ErrorKind::kInvalidWebhookUrl, "webhook_url", std::move(message));
    }

    /// Names become ids, and what needs a connection gets the one to take where none is named.
    Result<> find_connections() {
        bool is_needed = order_.connection || is_s3(order_.input.url());
        for (std::size_t i = 0; i < order_.outputs.size(); ++i) {
            auto& place = order_.outputs[i].place;
            for (const auto& further : further_inputs(order_.outputs[i].operation()))
                is_needed = is_needed || is_s3(further.url);
            if (place.connection) {
                TRY(find_connection(place.connection, fmt::format("outputs.{}.connection", i)));
            } else {
                is_needed = is_needed || (place.url && is_s3(*place.url));
            }
        }
        return is_needed ? find_connection(order_.connection, "connection") : Result<>();
    }

    Result<> find_connection(std::optional<std::string>& name, const std::string& field) {
        auto found = TRY(rules_.find_connection(name));
        if (!found) {
            wrong(
                ErrorKind::kConnectionRequired, field,
                name ? fmt::format("there is no connection {}", compact_json(json::value(*name)))
                     : "s3:// needs a connection: add one, or name which of yours is meant"
            );
        }
        name = std::move(found);
        return {};
    }

    const json::object& document_;
    const OrderRules& rules_;
    Order order_;
    std::vector<OptionProblem> problems_;
};

}  // namespace

Result<OrderReading> read_order(const json::value& document, const OrderRules& rules) {
    if (document.is_object()) return OrderReader(document.get_object(), rules).read();
    return Error{ErrorKind::kInvalidRequest, "the body must be a JSON object", ""};
}

Error error_of(const std::vector<OptionProblem>& problems) {
    std::vector<std::string> sentences;
    for (const auto& problem : problems) sentences.push_back(problem.message);
    return {problems.front().kind, join(sentences, "; "), problems.front().field};
}

}  // namespace ittybit
