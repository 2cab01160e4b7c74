// What was told to the job's webhook, each try, and once more where that is wanted.
import { useEffect, useState } from "preact/hooks";
import { get, post, type Delivery, type Job } from "./api";
import { duration, moment } from "./format";
import { Icon } from "./icon";
import { isFinal } from "./jobs";
import { poll } from "./poll";
import { attempt, say, State } from "./ui";

const Tries = ({ delivery }: { delivery: Delivery }) => (
    <ol class="tries">
        {delivery.attempts.map((one) => (
            <li key={one.at}>
                <span>{moment(one.at)}</span>
                <span>{one.status ?? one.error ?? "no answer"}</span>
                <span>{duration(one.duration_ms)}</span>
            </li>
        ))}
    </ol>
);

export function Webhooks({ job }: { job: Job }) {
    const [deliveries, setDeliveries] = useState<Delivery[]>([]);
    const load = async () => setDeliveries(await get<Delivery[]>(`jobs/${job.id}/webhooks`));
    const isPending = deliveries.some((one) => one.status === "pending");
    useEffect(() => {
        if (isFinal(job.status)) void attempt(load);
    }, [job.id, job.status]);
    useEffect(() => {
        if (isPending) return poll(load, 2000);
    }, [isPending]);
    const resend = (delivery: Delivery) =>
        attempt(async () => {
            await post(`jobs/${job.id}/webhooks/${delivery.id}/resend`);
            say("Sent once more");
            setTimeout(() => void attempt(load), 300);
        });
    if (deliveries.length === 0) return null;
    return (
        <section class="card">
            <h2>Webhook</h2>
            {deliveries.map((delivery) => (
                <div key={delivery.id} class="delivery">
                    <p>
                        <State status={delivery.status} /> <code>{delivery.type}</code>
                    </p>
                    <p class="breakable">{delivery.url}</p>
                    <Tries delivery={delivery} />
                    {delivery.next_attempt_at && delivery.status === "pending" && (
                        <p class="hint">Next try {moment(delivery.next_attempt_at)}</p>
                    )}
                    <button type="button" onClick={() => void resend(delivery)}>
                        <Icon name="retry" />
                        Send again
                    </button>
                </div>
            ))}
        </section>
    );
}
