#include "model/read_order.h"

#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fields_json.h"

namespace ittybit {
namespace {

using testing::HasSubstr;

OrderRules rules() {
    OrderRules rules;
    rules.check_url = [](const std::string& url) -> Result<> {
        if (url.find("10.0.0.1") == std::string::npos) return {};
        return Error{ErrorKind::kInputBlocked, "10.0.0.1 may not be reached", ""};
    };
    rules.find_connection = [](const std::optional<std::string>& name) {
        using Found = std::optional<std::string>;
        if (!name) return Result<Found>(Found("conn_default"));
        return Result<Found>(
            *name == "mine" || *name == "conn_mine" ? Found("conn_mine") : Found()
        );
    };
    return rules;
}

OrderRules task_rules() {
    auto of_task = rules();
    of_task.is_task = true;
    return of_task;
}

OrderReading reading(const std::string& text, const OrderRules& of = rules()) {
    const auto document = parse_json(text);
    EXPECT_TRUE(document) << text;
    auto reading = read_order(*document, of);
    EXPECT_TRUE(reading) << text;
    return *std::move(reading);
}

Result<Order> read(const std::string& text, const OrderRules& of = rules()) {
    auto [order, problems] = reading(text, of);
    if (problems.empty()) return std::move(order);
    return error_of(problems);
}

/// One document, and what is wrong with it first.
struct Wrong {
    const char* text;
    ErrorKind kind;
    const char* field;
    const char* words;
};

void expect_wrong(const Wrong& row, const OrderRules& of) {
    const auto order = read(row.text, of);
    ASSERT_FALSE(order) << row.text;
    const auto& error = order.error();
    EXPECT_EQ(error.kind, row.kind) << row.text << ": " << error.message;
    EXPECT_EQ(error.where, row.field) << row.text;
    EXPECT_THAT(error.message, HasSubstr(row.words)) << row.text;
}

TEST(ReadOrder, EveryProblemHasItsKindFieldAndWords) {
    const Wrong rows[] = {
        {R"({"kind":"video"})", ErrorKind::kInputRequired, "input", "give a URL"},
        {R"({"kind":"video","input":null})", ErrorKind::kInputRequired, "input", "give a URL"},
        {R"({"kind":"video","input":""})", ErrorKind::kInputRequired, "input", "give a URL"},
        {R"({"kind":"video","input":7})", ErrorKind::kInvalidInput, "input", "as a string"},
        {R"({"kind":"video","input":{"url":"https://a/b"}})", ErrorKind::kInvalidInput, "input",
         "string"},
        {R"({"kind":"video","input":"ftp://a/b"})", ErrorKind::kInvalidInput, "input",
         "input must use http://, https://, or s3:// scheme"},
        {R"({"kind":"video","input":"https://10.0.0.1/b"})", ErrorKind::kInvalidInput, "input",
         "may not be reached"},
        {R"({"kind":"video","input":"s3://bucket/"})", ErrorKind::kInvalidInput, "input", "object"},
        {R"({"kind":"video","input":"s3://bucket/a/../b"})", ErrorKind::kInvalidInput, "input",
         "piece"},
        {R"({"input":"https://a/b"})", ErrorKind::kKindRequired, "kind", "video, audio, image"},
        {R"({"input":"https://a/b","kind":""})", ErrorKind::kKindRequired, "kind", "required"},
        {R"({"input":"https://a/b","kind":"film"})", ErrorKind::kInvalidKind, "kind",
         R"(not "film")"},
        {R"({"input":"https://a/b","kind":"probe"})", ErrorKind::kInvalidKind, "kind",
         "adaptive_video"},
        {R"({"input":"https://a/b","kind":5})", ErrorKind::kInvalidKind, "kind", "not 5"},
        {R"({"input":"https://a/b","kind":"video","format":"avi"})", ErrorKind::kInvalidFormat,
         "options.format", "mp4, webm, mov"},
        {R"({"input":"https://a/b","kind":"video","options":{"codec":"divx"}})",
         ErrorKind::kInvalidCodec, "options.codec", "h264"},
        {R"({"input":"https://a/b","kind":"video","format":"webm","codec":"h264"})",
         ErrorKind::kInvalidCodec, "options.codec", "codec for webm must be vp9 or av1"},
        {R"({"input":"https://a/b","kind":"image","codec":"h264"})", ErrorKind::kInvalidOptions,
         "options.codec", "codec is an option of video, not of image"},
        {R"({"input":"https://a/b","kind":"image","options":{"fps":3}})",
         ErrorKind::kInvalidOptions, "options.fps", "video, animation"},
        {R"({"input":"https://a/b","kind":"image","options":{"end":3}})",
         ErrorKind::kInvalidOptions, "options.end", "end goes with interval"},
        {R"({"input":"https://a/b","kind":"audio","options":{"bitrat":3}})",
         ErrorKind::kInvalidOptions, "options.bitrat", "the nearest is bitrate"},
        {R"({"input":"https://a/b","kind":"audio","options":{"colourful":3}})",
         ErrorKind::kInvalidOptions, "options.colourful", "colourful is not an option of audio"},
        {R"({"input":"https://a/b","kind":"video","fps":61})", ErrorKind::kInvalidOptions,
         "options.fps", "fps must be between 1 and 60, not 61"},
        {R"({"input":"https://a/b","kind":"video","options":[]})", ErrorKind::kInvalidOptions,
         "options", "options must be an object"},
        {R"({"input":"https://a/b","kind":"video","fps":9,"options":{"fps":9}})",
         ErrorKind::kInvalidOptions, "fps", "given twice"},
        {R"({"input":"https://a/b","kind":"animation"})", ErrorKind::kInvalidOptions, "options.end",
         "end is required"},
        {R"({"input":"https://a/b","kind":"video","start":5,"end":5})", ErrorKind::kInvalidOptions,
         "options.end", "end must be greater than start"},
        {R"({"input":"https://a/b","kind":"video","output":"/tmp/x"})", ErrorKind::kInvalidOutput,
         "output", "s3://bucket/key"},
        {R"({"input":"https://a/b","kind":"video","output":""})", ErrorKind::kInvalidOutput,
         "output", "s3://bucket/key"},
        {R"({"input":"https://a/b","kind":"video","output":7})", ErrorKind::kInvalidOutput,
         "output", "must be a string"},
        {R"({"input":"https://a/b","kind":"video","output":"s3://../x"})",
         ErrorKind::kInvalidOutput, "output", "is not a bucket"},
        {R"({"input":"https://a/b","kind":"video","output":"s3://bucket/a/../k"})",
         ErrorKind::kInvalidOutput, "output", "empty piece"},
        {R"({"input":"https://a/b","kind":"video","output":"s3://bucket/{who}.mp4"})",
         ErrorKind::kInvalidOutput, "output", "{who}"},
        {R"({"input":"https://a/b","kind":"video","output":"s3://bucket/k.mp3"})",
         ErrorKind::kInvalidOutput, "output", ".mp3"},
        {R"({"input":"https://a/b","kind":"video","format":"mp4","output":"s3://bucket/k.webm"})",
         ErrorKind::kInvalidOutput, "output", "make them agree"},
        {R"({"input":"https://a/b","kind":"video","connection":"nobody"})",
         ErrorKind::kConnectionRequired, "connection", "nobody"},
        {R"({"input":"https://a/b","kind":"video","options":{"connection_id":[1]}})",
         ErrorKind::kInvalidOptions, "options.connection_id", "connection_id"},
        {R"({"input":"https://a/b","kind":"video","webhook_url":"ftp://a"})",
         ErrorKind::kInvalidWebhookUrl, "webhook_url", "http://"},
        {R"({"input":"https://a/b","kind":"video","webhook_url":"http://10.0.0.1/"})",
         ErrorKind::kInvalidWebhookUrl, "webhook_url", "may not be reached"},
        {R"({"input":"https://a/b","kind":"video","metadata":[]})", ErrorKind::kInvalidRequest,
         "metadata", "must be an object"},
        {R"({"input":"https://a/b","kind":"video","priority":11})", ErrorKind::kInvalidRequest,
         "priority", "between -10 and 10"},
        {R"({"input":"https://a/b","kind":"video","priority":"high"})", ErrorKind::kInvalidRequest,
         "priority", "whole number"},
        {R"({"input":"https://a/b","kind":"video","conection":"x"})", ErrorKind::kInvalidRequest,
         "conection", "the nearest is connection"},
        {R"({"input":"https://a/b","kind":"video","foo":1})", ErrorKind::kInvalidRequest, "foo",
         "foo is not a field here"},
    };
    for (const auto& row : rows) expect_wrong(row, rules());
}

TEST(ReadOrder, ATaskHasItsOwnRules) {
    const Wrong rows[] = {
        {R"({"kind":"film","input":"https://a/b"})", ErrorKind::kInvalidKind, "kind",
         "import, export"},
        {R"({"kind":"probe","input":{"object":"file"}})", ErrorKind::kInputRequired, "input", "URL"
        },
        {R"({"kind":"probe","input":[]})", ErrorKind::kInvalidInput, "input", "another task gave"},
        {R"({"kind":"export","input":"https://a/b"})", ErrorKind::kInvalidOptions, "options.url",
         "url is required"},
        {R"({"kind":"export","input":"https://a/b","options":{"url":"/x"}})",
         ErrorKind::kInvalidOutput, "options.url", "s3://"},
        {R"({"kind":"export","input":"https://a/b","options":{"url":"s3://bucket/k","width":1}})",
         ErrorKind::kInvalidOptions, "options.width", "not of export"},
        {R"({"kind":"export","input":"https://a/b","options":{"url":"s3://bucket/k.{format}"}})",
         ErrorKind::kInvalidOutput, "options.url", "which the address of input does not tell"},
        {R"({"kind":"import","input":"https://a/b","options":{"width":1}})",
         ErrorKind::kInvalidOptions, "options.width", "not of import"},
        {R"({"kind":"video","input":"https://a/b","output":"s3://bucket/k.mp4"})",
         ErrorKind::kInvalidRequest, "output", "not a field"},
    };
    for (const auto& row : rows) expect_wrong(row, task_rules());
    const auto exported = read(
        R"({"kind":"export","input":{"url":"https://a/b"},
            "options":{"url":"s3://bucket/k.anything","connection_id":"mine"}})",
        task_rules()
    );
    ASSERT_TRUE(exported) << exported.error().message;
    EXPECT_EQ(exported->outputs.front().place.url, "s3://bucket/k.anything");
    EXPECT_EQ(exported->connection_of(exported->outputs.front()), "conn_mine");
    EXPECT_EQ(exported->outputs.front().sent.size(), 2U);
    EXPECT_TRUE(read(
        R"({"kind":"export","input":"https://a/b.mov?x",
            "options":{"url":"s3://bucket/{filename}.{format}"}})",
        task_rules()
    ));
}

TEST(ReadOrder, AllProblemsAreToldAtOnceInTheirOrder) {
    const auto problems =
        reading(
            R"({"input":"ftp://x","kind":"video","options":{"fps":99,"codec":"divx"},"nothing":1,
            "webhook_url":"x","output":"nowhere","connection":"nobody"})"
        )
            .problems;
    std::vector<ErrorKind> kinds;
    for (const auto& problem : problems) {
        kinds.push_back(problem.kind);
        EXPECT_THAT(error_of(problems).message, HasSubstr(problem.message));
    }
    EXPECT_THAT(
        kinds, testing::ElementsAre(
                   ErrorKind::kInvalidRequest, ErrorKind::kInvalidInput, ErrorKind::kInvalidCodec,
                   ErrorKind::kInvalidOptions, ErrorKind::kInvalidOutput,
                   ErrorKind::kConnectionRequired, ErrorKind::kInvalidWebhookUrl
               )
    );
}

/// Fields of all that is wrong with an order of this kind.
std::vector<std::string> wrong_fields(const std::string& kind, const std::string& members) {
    const auto body = fmt::format(R"({{"input":"https://x/a","kind":"{}",{}}})", kind, members);
    std::vector<std::string> fields;
    for (const auto& problem : reading(body).problems) fields.push_back(problem.field);
    return fields;
}

TEST(ReadOrder, OptionsThatDoNotGoTogetherAreToldBesideWrongOnes) {
    using testing::ElementsAre;
    EXPECT_THAT(
        wrong_fields("video", R"("options":{"codec":"vp9","width":0})"),
        ElementsAre("options.codec", "options.width")
    );
    EXPECT_THAT(
        wrong_fields("video", R"("options":{"start":5,"end":2,"fps":99})"),
        ElementsAre("options.fps", "options.end")
    );
    EXPECT_THAT(
        wrong_fields("audio", R"("options":{"format":"wav","bitrate":64000,"start":-1})"),
        ElementsAre("options.start", "options.bitrate")
    );
}

TEST(ReadOrder, WhatIsWrongIsToldOnce) {
    using testing::ElementsAre;
    EXPECT_THAT(wrong_fields("video", R"("connection":5)"), ElementsAre("connection"));
    EXPECT_THAT(wrong_fields("video", R"("output":5)"), ElementsAre("output"));
    EXPECT_THAT(wrong_fields("video", R"("webhook_url":5)"), ElementsAre("webhook_url"));
    EXPECT_THAT(
        wrong_fields("adaptive_video", R"("options":{"subtitles":[{"label":"x"}]})"),
        ElementsAre("options.subtitles.0.url")
    );
    // What goes with an option that cannot be read may be right.
    EXPECT_THAT(
        wrong_fields("image", R"("options":{"interval":"often","sheet":"sprite","end":5})"),
        ElementsAre("options.interval")
    );
    EXPECT_THAT(
        wrong_fields("video", R"("options":{"format":"avi","codec":"vp9"})"),
        ElementsAre("options.format")
    );
    EXPECT_THAT(
        wrong_fields("video", R"("options":{"normalize":"loud","target_lufs":-20})"),
        ElementsAre("options.normalize")
    );
}

TEST(ReadOrder, AnExportIsOfOneFile) {
    const auto asked = [](std::string_view kind, std::string_view more) {
        return fmt::format(
            R"({{"kind":"{}","input":{{"object":"file","url":"https://x/a.m3u8"{}}},)"
            R"("options":{{{}}}}})",
            kind, more, kind == "export" ? R"("url":"s3://bucket/k.m3u8")" : ""
        );
    };
    const auto parts = R"(,"parts":{"count":3,"size":9})";
    const auto refused = read(asked("export", parts), task_rules());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidInput);
    EXPECT_THAT(refused.error().message, HasSubstr("input has parts"));
    EXPECT_TRUE(read(asked("export", ""), task_rules()));
    EXPECT_TRUE(read(asked("probe", parts), task_rules()));
}

TEST(ReadOrder, ConnectionIsNamedOnce) {
    EXPECT_THAT(
        wrong_fields("video", R"("connection":"a","options":{"connection_id":"b"})"),
        testing::Contains("options.connection_id")
    );
    EXPECT_THAT(
        wrong_fields("video", R"("connection":"a","options":{"connection_id":"a"})"),
        testing::Not(testing::Contains("options.connection_id"))
    );
}

TEST(ReadOrder, NullMeansAbsentEverywhere) {
    const auto order = read(
        R"({"input":"https://a/b","kind":"animation","options":{"format":null,"fps":null,"end":2,
            "background":null},"output":null,"connection":null,"metadata":null,"webhook_url":null,
            "priority":null,"start":null,"outputs":null})"
    );
    ASSERT_TRUE(order) << order.error().message;
    EXPECT_EQ(order->outputs.front().sent.size(), 1U);
    EXPECT_EQ(std::get<AnimationOptions>(order->outputs.front().operation()).fps, 10);
    EXPECT_TRUE(order->metadata.empty());
    EXPECT_FALSE(order->webhook_url);
    EXPECT_EQ(
        read(R"({"input":"https://a/b","kind":"animation","end":null})").error().where,
        "options.end"
    );
}

TEST(ReadOrder, OptionsBesideOptionsCountAndAreShownAsSent) {
    const auto order =
        read(R"({"input":"https://a/b","kind":"video","width":"50%","options":{"fps":30.0}})");
    ASSERT_TRUE(order) << order.error().message;
    const auto& output = order->outputs.front();
    EXPECT_EQ(compact_json(output.sent), R"({"fps":30,"width":"50%"})");
    EXPECT_EQ(std::get<VideoOptions>(output.operation()).width->value, 50);
    EXPECT_EQ(order->kind, "video");
}

TEST(ReadOrder, AKeyIsTakenAndShownToNobody) {
    const std::string key = "00112233445566778899aabbccddeeFF";
    const auto order = read(fmt::format(
        R"({{"input":"https://a/b","kind":"adaptive_video","options":{{"encryption":
            {{"method":"aes-128","key_url":"https://10.0.0.1/key","key":"{}"}}}}}})",
        key
    ));
    ASSERT_TRUE(order) << order.error().message;
    const auto& output = order->outputs.front();
    const auto operation = output.operation();
    ASSERT_NE(encryption_of(operation), nullptr);
    EXPECT_EQ(encryption_of(operation)->key->digits, key);
    EXPECT_FALSE(std::get<AdaptiveVideoOptions>(operation).makes_dash());
    EXPECT_EQ(
        compact_json(output.sent),
        R"({"encryption":{"method":"aes-128","key_url":"https://10.0.0.1/key"}})"
    );
    for (const auto& told : {json_text(*order), compact_json(options_json(operation))})
        EXPECT_EQ(told.find(key), std::string::npos) << told;
    EXPECT_THAT(compact_json(document_of(*order)), HasSubstr(key)) << "but a retry has it";
}

TEST(ReadOrder, WhatIsWrongWithAKeyIsSaidWithoutIt) {
    const auto problem = [](const std::string& encryption, const std::string& more = "") {
        const auto found = reading(
            R"({"input":"https://a/b","kind":"adaptive_video","encryption":{"method":"aes-128",)" +
            encryption + "}" + more + "}"
        );
        EXPECT_EQ(found.problems.size(), 1U) << encryption;
        return found.problems.empty() ? OptionProblem() : found.problems.front();
    };
    const auto bad_key = problem(R"("key_url":"https://a/key","key":"5ecret")");
    EXPECT_EQ(bad_key.field, "options.encryption.key");
    EXPECT_EQ(bad_key.message, "encryption.key must be 32 hexadecimal digits");
    EXPECT_EQ(
        problem(R"("key_url":"https://a/key","key":12345678)").message,
        "encryption.key must be 32 hexadecimal digits"
    );
    EXPECT_THAT(
        problem(R"("key":"00112233445566778899aabbccddeeff")").message, HasSubstr("key_url")
    );
    for (const auto* url :
         {"key.bin", "s3://bucket/key", R"(https://a/\"b)", "https://a/b c", R"(https://a/b\n#EXT)",
          "https://10.0.0.1/key"}) {
        const auto bad = problem(fmt::format(R"("key_url":"{}")", url));
        EXPECT_EQ(bad.field, "options.encryption.key_url") << url;
    }
    EXPECT_EQ(problem(R"("key_url":"https://a/key")", R"(,"dash":true)").field, "options.dash");
}

TEST(ReadOrder, TheExtensionOfTheKeyDecidesTheFormatButIsNotShown) {
    const auto order =
        read(R"({"input":"https://a/b","kind":"video","output":"s3://bucket/k.webm"})");
    ASSERT_TRUE(order) << order.error().message;
    EXPECT_EQ(
        std::get<VideoOptions>(order->outputs.front().operation()).format, VideoFormat::kWebm
    );
    EXPECT_TRUE(order->outputs.front().sent.empty());
    EXPECT_EQ(order->connection, "conn_default");
}

TEST(ReadOrder, WhatWasOrderedCanBeOrderedAgain) {
    const auto first = read(
        R"({"input":"s3://bucket/a","kind":"video","width":"50%","output":"s3://bucket/k.webm",
            "connection":"mine","metadata":{"a":1},"webhook_url":"https://a/hook","priority":3})"
    );
    ASSERT_TRUE(first) << first.error().message;
    const auto again = reading(compact_json(document_of(*first)));
    ASSERT_TRUE(again.problems.empty()) << again.problems.front().message;
    EXPECT_EQ(json_text(again.order), json_text(*first));
    EXPECT_EQ(again.order.outputs.front().sent, first->outputs.front().sent);
}

TEST(ReadOrder, WhatNamedItsConnectionAmongItsOptionsCanBeOrderedAgain) {
    const auto first = read(
        R"({"input":"https://a/b","kind":"video","output":"s3://bucket/k.mp4",
            "options":{"connection_id":"mine"}})"
    );
    ASSERT_TRUE(first) << first.error().message;
    const auto again = reading(compact_json(document_of(*first)));
    ASSERT_TRUE(again.problems.empty()) << again.problems.front().message;
    EXPECT_EQ(json_text(again.order), json_text(*first));
}

OrderRules several() {
    auto rules = ittybit::rules();
    rules.takes_outputs = true;
    return rules;
}

TEST(ReadOrder, SeveralOutputsCanBeOrderedAgain) {
    const auto first = read(
        R"({"input":"https://a/b.mov","metadata":{"a":1},"priority":3,"outputs":[
            {"kind":"video","width":640,"output":"s3://bucket/{kind}.webm","connection":"mine"},
            {"kind":"image","name":"poster","options":{"start":2}},
            {"kind":"adaptive_video"},
            {"kind":"audio","output":"s3://bucket/a.mp3","options":{"connection_id":"mine"}}]})",
        several()
    );
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->kind, kMultiKind);
    EXPECT_FALSE(first->connection) << "nothing but the one output needs any";
    EXPECT_EQ(first->outputs.at(0).place.connection, "conn_mine");
    EXPECT_EQ(std::get<VideoOptions>(first->outputs[0].operation()).format, VideoFormat::kWebm);
    EXPECT_EQ(first->outputs.at(1).place.name, "poster");
    const auto again = reading(compact_json(document_of(*first)), several());
    ASSERT_TRUE(again.problems.empty()) << again.problems.front().message;
    EXPECT_EQ(json_text(again.order), json_text(*first));
}

TEST(ReadOrder, NoTwoOutputsHaveOnePlace) {
    const auto pair = [](const std::string& one, const std::string& other) {
        return read(
            R"({"input":"https://a/b","outputs":[{"kind":"video","output":")" + one +
                R"("},{"kind":"image","output":")" + other + "\"}]}",
            several()
        );
    };
    for (const auto& [one, other] : std::vector<std::pair<std::string, std::string>>{
             {"s3://b-b/x", "s3://b-b/x"},  // an image's format is known once its input is
             {"s3://b-b/{kind}", "s3://b-b/{kind}"},
             {"s3://b-b/x.mp4", "s3://b-b/x.png"},
             {"s3://b-b/{filename}.mp4", "s3://b-b/{filename}.jpg"},
         }) {
        EXPECT_TRUE(pair(one, other)) << one << " " << other;
    }
    for (const auto* place : {"s3://b-b/x", "s3://b-b/x.webp", "s3://b-b/{id}.{format}"}) {
        const auto text = [&](const char* options) {
            return fmt::format(
                R"({{"input":"https://a/b","outputs":[{{"kind":"image","format":"webp",
                    "output":"{}"}},{{"kind":"image","output":"s3://b-b/o.png"}},
                    {{"kind":"image","output":"{}"{}}}]}})",
                place, place, options
            );
        };
        const auto order = read(text(R"(,"format":"webp")"), several());
        ASSERT_FALSE(order) << place;
        EXPECT_EQ(order.error().kind, ErrorKind::kInvalidOutput) << place;
        EXPECT_EQ(order.error().where, "outputs.2.output") << place;
        EXPECT_THAT(order.error().message, HasSubstr("outputs.0")) << place;
        EXPECT_TRUE(read(text(R"(,"format":"webp","connection":"mine")"), several()))
            << "a bucket of the same name elsewhere is another";
    }
}

TEST(ReadOrder, TheCommandLineMayNamePaths) {
    auto here = rules();
    here.takes_paths = true;
    here.takes_webhook = false;
    const auto order =
        read(R"({"input":"a film.mov","kind":"image","output":"stills/poster.webp"})", here);
    ASSERT_TRUE(order) << order.error().message;
    EXPECT_EQ(
        std::get<ImageOptions>(order->outputs.front().operation()).format, ImageFormat::kWebp
    );
    EXPECT_FALSE(order->connection);
    expect_wrong(
        {R"({"input":"a.mov","kind":"image","output":"poster.mp4"})", ErrorKind::kInvalidOutput,
         "output", ".mp4"},
        here
    );
    expect_wrong(
        {R"({"input":"a.mov","kind":"image","webhook_url":"https://a/b"})",
         ErrorKind::kInvalidWebhookUrl, "webhook_url", "--local"},
        here
    );
    expect_wrong(
        {R"({"input":"gopher://a","kind":"image"})", ErrorKind::kInvalidInput, "input", "scheme"},
        here
    );
}

TEST(ReadOrder, MetadataHasABound) {
    const auto text = [](std::size_t letters) {
        return R"({"input":"https://a/b","kind":"video","metadata":{"a":")" +
               std::string(letters, 'x') + "\"}}";
    };
    EXPECT_TRUE(read(text(kLargestMetadata - 8)));
    const auto order = read(text(kLargestMetadata - 7));
    ASSERT_FALSE(order);
    EXPECT_THAT(order.error().message, HasSubstr("16 KiB"));
}

TEST(ReadOrder, AHundredOfManyMistakesAreTold) {
    std::string text = R"({"input":"https://a/b","kind":"video")";
    for (int i = 0; i < 500; ++i) text += ",\"not_known_" + std::to_string(i) + "\":1";
    EXPECT_EQ(reading(text + "}").problems.size(), 100U);
}

}  // namespace
}  // namespace ittybit
