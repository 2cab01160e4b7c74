#include "manifest/lines.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "manifest/forms.h"
#include "manifest/reference.h"

namespace ittybit::manifest {
namespace {

constexpr std::size_t kMostLines = 300'000;
constexpr std::size_t kLongestLine = 65'536;

const TagForm* form_of_tag(std::string_view name) {
    const auto found = std::ranges::find(kTagForms, name, &TagForm::name);
    return found == kTagForms.end() ? nullptr : &*found;
}

/// "EXT-X-MEDIA" as the table of attributes writes it: " MEDIA ".
std::string short_name(std::string_view tag) {
    return " " + std::string(tag.substr(std::string_view("EXT-X-").size())) + " ";
}

/// Reads the lines of one playlist, one after the other.
class Cutter {
public:
    Cutter(Lines& lines, Report& report) : lines_(lines), report_(report) {}

    void read(std::string_view text) {
        if (text.starts_with("\xEF\xBB\xBF")) {
            report_.add(rule("no-bom"), {lines_.file, 1, {}}, "it begins with a byte order mark");
            text.remove_prefix(3);
        }
        check_coding(text);
        std::int64_t number = 0;
        while (!text.empty() && lines_.all.size() < kMostLines) {
            const auto end = text.find('\n');
            auto line = text.substr(0, end);
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
            if (line.ends_with('\r')) line.remove_suffix(1);
            ++number;
            if (report_.expect(
                    line.size() <= kLongestLine, rule("line"), here(number),
                    fmt::format("a line of {} bytes, which is left out", line.size())
                ))
                read_line(line, number);
        }
        report_.expect(
            text.empty(), rule("line"), here(number), "the lines behind this one are not read"
        );
    }

    void check_whole() {
        for (const auto& line : lines_.all)
            if (line.tag != nullptr) sort(line);
        lines_.is_multivariant =
            lines_.has("EXT-X-STREAM-INF") || (media_.empty() && !multivariant_.empty());
        for (const auto* line : lines_.is_multivariant ? media_ : multivariant_)
            report_.add(
                rule("kind-of-playlist"), lines_.at(*line),
                fmt::format("{} in a playlist of the other kind", line->tag->name)
            );
        check_version();
    }

private:
    Place here(std::int64_t number) const { return {lines_.file, number, {}}; }

    void check_coding(std::string_view text) {
        report_.expect(
            valid_utf8(text) == text, rule("utf8"), {lines_.file, {}, {}}, "it is not UTF-8"
        );
        std::int64_t number = 1;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const auto code = static_cast<unsigned char>(text[i]);
            const bool ends_line = code == '\n' || (code == '\r' && text.substr(i + 1, 1) == "\n");
            if (code == '\n') ++number;
            // U+0080 to U+009F are C2 and a byte in UTF-8.
            const bool is_high = code == 0xC2 && i + 1 < text.size() &&
                                 static_cast<unsigned char>(text[i + 1]) < 0xA0;
            if ((code < 0x20 && !ends_line) || code == 0x7F || is_high)
                report_.add(rule("utf8"), here(number), fmt::format("control character {}", code));
        }
    }

    void read_line(std::string_view text, std::int64_t number) {
        if (number == 1)
            report_.expect(
                text == "#EXTM3U", rule("extm3u"), here(1), "the first line is not #EXTM3U"
            );
        const auto plain_end = text.find_last_not_of(" \t") + 1;
        const auto plain_begin = std::min(text.find_first_not_of(" \t"), text.size());
        if (plain_begin > 0 || (plain_end < text.size() && !ends_freely(text)))
            report_.add(rule("line"), here(number), "blanks around the line");
        text = text.substr(plain_begin, std::max(plain_end, plain_begin) - plain_begin);
        if (text.empty()) return;
        if (!text.starts_with('#')) return take_uri(text, number);
        if (text.starts_with("#EXT")) return take_tag(text.substr(1), number);
        report_.expect(
            !to_lower(text).starts_with("#ext"), rule("unknown-tag"), here(number),
            fmt::format("{} is a comment, since tags are written in capitals", text)
        );
    }

    /// Comments and the titles of segments may end in blanks.
    static bool ends_freely(std::string_view text) {
        if (text.starts_with("#EXTINF:")) return text.find(',') != std::string_view::npos;
        return text.starts_with('#') && !text.starts_with("#EXT");
    }

    void take_uri(std::string_view text, std::int64_t number) {
        report_.expect(
            is_uri(text) || text.find("{$") != std::string_view::npos, rule("uri"), here(number),
            fmt::format("\"{}\" is no URI", text)
        );
        lines_.all.push_back({nullptr, std::string(text), {}, number});
    }

    void take_tag(std::string_view text, std::int64_t number) {
        const auto colon = text.find(':');
        const auto name = text.substr(0, colon);
        const auto* form = form_of_tag(name);
        if (form == nullptr) {
            report_.add(rule("unknown-tag"), here(number), fmt::format("#{} is not known", name));
            return;
        }
        Line line{form, "", {}, number};
        const bool has_value = colon != std::string_view::npos;
        if (has_value) line.value = text.substr(colon + 1);
        if (form->is_once)
            report_.expect(
                seen_.insert(form->name).second, rule("tag-once"), here(number),
                fmt::format("#{} is there again", name)
            );
        const bool is_formed = has_form(line) && (form->form != Form::kNothing || !has_value);
        report_.expect(
            is_formed, rule("tag-value"), here(number),
            fmt::format("\"{}\" is no value of #{}", line.value, name)
        );
        if (form->form == Form::kDate && is_formed) check_zone(line, line.value);
        if (form->form == Form::kList) {
            line.attributes = Attributes::read(line.value, here(number), report_);
            check_attributes(line);
        }
        lines_.first.try_emplace(form->name, lines_.all.size());
        lines_.all.push_back(std::move(line));
    }

    void check_zone(const Line& line, std::string_view date) {
        report_.expect(
            has_zone(date), rule("date-zone"), lines_.at(line),
            fmt::format("\"{}\" has no time zone", date)
        );
    }

    void check_attributes(const Line& line) {
        const auto tag = short_name(line.tag->name);
        std::map<std::string_view, const AttributeForm*> known;
        for (const auto& form : kAttributeForms)
            if (form.tags.find(tag) != std::string_view::npos) known[form.name] = &form;
        for (const auto& attribute : line.attributes.all()) {
            const auto found = known.find(attribute.name);
            if (found == known.end()) {
                report_.expect(
                    attribute.name.starts_with("X-") || attribute.name.starts_with("REQ-"),
                    rule("unknown-attribute"), lines_.at(line),
                    fmt::format("{} of #{} is not known", attribute.name, line.tag->name)
                );
                continue;
            }
            const bool is_variable = attribute.value.find("{$") != std::string::npos;
            report_.expect(
                is_variable || has_form(attribute, *found->second), rule("attribute-value"),
                lines_.at(line),
                fmt::format(
                    "{}={} of #{} has not the form it must have", attribute.name, attribute.value,
                    line.tag->name
                )
            );
            if (found->second->form == Form::kDate) check_zone(line, attribute.value);
            if (attribute.name == "URI")
                report_.expect(
                    is_variable || is_uri(attribute.value), rule("uri"), lines_.at(line),
                    fmt::format("\"{}\" is no URI", attribute.value)
                );
            needs(found->second->version, line, found->second->name);
        }
        for (const auto& [name, form] : known)
            report_.expect(
                !form->is_required || line.attributes.has(name), rule("attribute-missing"),
                lines_.at(line), fmt::format("#{} has no {}", line.tag->name, name)
            );
    }

    void needs(int version, const Line& line, std::string_view what) {
        if (version <= needed_) return;
        needed_ = version;
        needed_at_ = lines_.at(line);
        needed_for_ = what;
    }

    void sort(const Line& line) {
        if (line.tag->home == Home::kMedia) media_.push_back(&line);
        if (line.tag->home == Home::kMultivariant) multivariant_.push_back(&line);
        needs(line.tag->version, line, line.tag->name);
        const auto& name = line.tag->name;
        const auto& attributes = line.attributes;
        if (name == "EXT-X-MAP" && !lines_.has("EXT-X-I-FRAMES-ONLY"))
            needs(6, line, "EXT-X-MAP without EXT-X-I-FRAMES-ONLY");
        if (name == "EXTINF" &&
            line.value.substr(0, line.value.find(',')).find('.') != line.value.npos)
            needs(3, line, "EXTINF with decimals");
        if (attributes.value("METHOD").starts_with("SAMPLE-AES")) needs(5, line, "SAMPLE-AES");
        if (attributes.value("INSTREAM-ID").starts_with("SERVICE")) needs(7, line, "SERVICE");
    }

    void check_version() {
        const auto version = lines_.integer("EXT-X-VERSION");
        lines_.version = static_cast<int>(std::clamp<std::int64_t>(version.value_or(1), 0, 1000));
        const auto* line = lines_.find("EXT-X-VERSION");
        if (line != nullptr && version)
            report_.expect(
                *version >= 1 && *version <= 13, rule("tag-value"), lines_.at(*line),
                fmt::format("there is no version {}", *version)
            );
        check_removed();
        report_.expect(
            needed_ <= lines_.version, rule("version"),
            line != nullptr ? lines_.at(*line) : needed_at_,
            fmt::format("version {}, but {} needs version {}", lines_.version, needed_for_, needed_)
        );
    }

    void check_removed() {
        for (const auto& line : lines_.all) {
            if (line.tag == nullptr) continue;
            const bool is_removed =
                (lines_.version >= 7 && line.tag->name == "EXT-X-ALLOW-CACHE") ||
                (lines_.version >= 6 && line.attributes.has("PROGRAM-ID"));
            report_.expect(
                !is_removed, rule("removed"), lines_.at(line),
                fmt::format("{} of before version {}", line.tag->name, lines_.version)
            );
        }
    }

    Lines& lines_;
    Report& report_;
    std::set<std::string_view> seen_;  // of tags that may be there once
    std::vector<const Line*> media_;
    std::vector<const Line*> multivariant_;
    int needed_ = 1;
    Place needed_at_;
    std::string needed_for_;
};

}  // namespace

const Line* Lines::find(std::string_view tag) const {
    const auto found = first.find(tag);
    return found == first.end() ? nullptr : &all[found->second];
}

std::optional<std::int64_t> Lines::integer(std::string_view tag) const {
    const auto* line = find(tag);
    return line == nullptr ? std::nullopt : read_integer(line->value);
}

std::string address_of(
    Addresses& addresses,
    const Lines& lines,
    const Line& line,
    std::string_view reference,
    Report& report
) {
    if (reference.empty() || reference.find("{$") != std::string_view::npos) return "";
    auto address = addresses.resolve(lines.file, reference);
    report.expect(
        !address.empty(), rule("uri"), lines.at(line), "the address is longer than can be kept"
    );
    return address;
}

Lines read_lines(const std::string& file, std::string_view text, Report& report) {
    Lines lines;
    lines.file = file;
    Cutter cutter(lines, report);
    cutter.read(text);
    cutter.check_whole();
    return lines;
}

}  // namespace ittybit::manifest
