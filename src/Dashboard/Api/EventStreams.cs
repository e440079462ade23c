using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Atelier.Core;
using Atelier.Dashboard.Live;
using Atelier.Dashboard.Sources;
using Atelier.Protos;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace Atelier.Dashboard.Api;

/// <summary>
/// What changes, as server-sent events. A stream begins with how things are. Events of a run have their number as the id, so that a client which
/// comes back with <c>Last-Event-ID</c>, to whichever replica, gets those that it has missed and none twice.
/// </summary>
/// <param name="states">What is watched.</param>
/// <param name="lifetime">Ends streams when the process stops.</param>
internal sealed class EventStreams(RunStates states, IHostApplicationLifetime lifetime)
{
    /// <summary>A stream says something at least as often, so that both ends know that it stands.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan ReconnectAfter = TimeSpan.FromSeconds(2);

    /// <summary>Maps the streams of <c>/api</c>.</summary>
    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/stream", (CancellationToken end) => Stream(FleetAsync(end)));
        api.MapGet("/runs/{run}/stream", async (string run, long? after, HttpContext context) =>
        {
            // A run that does not exist is a mistake, and no stream that breaks.
            await states.Of(run).GetAsync(context.RequestAborted);
            return Stream(RunAsync(run, After(context, after), context.RequestAborted));
        });
    }

    /// <summary>Maps what pages listen to: versions of their parts.</summary>
    public void MapLive(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/live", (CancellationToken end) => Stream(VersionsAsync(states.Fleet, state => state.Parts.ToDictionary(part => part.Key, part => part.Value.Version), end)));
        pages.MapGet("/runs/{run}/live", async (string run, CancellationToken end) =>
        {
            await states.Of(run).GetAsync(end);
            return Stream(VersionsAsync(states.Of(run), state => state.Versions, end));
        });
    }

    private static ServerSentEventsResult<string> Stream(IAsyncEnumerable<SseItem<string>> items) => TypedResults.ServerSentEvents(items);

    private static long After(HttpContext context, long? given) =>
        long.TryParse(context.Request.Headers["Last-Event-ID"], NumberStyles.None, CultureInfo.InvariantCulture, out var last) ? last : given ?? 0;

    private async IAsyncEnumerable<SseItem<string>> FleetAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        (IReadOnlyList<Run>? Runs, IReadOnlyList<Worker>? Workers) told = default;
        await foreach (var (state, trouble) in ChangesAsync(states.Fleet, cancellation))
        {
            if (state is null)
            {
                yield return trouble;
                continue;
            }

            if (told.Runs is null || !state.Runs.SequenceEqual(told.Runs)) yield return new(ApiJson.Text(state.Runs.Select(RunJson.Of)), "runs");
            if (told.Workers is null || !state.Workers.SequenceEqual(told.Workers)) yield return new(ApiJson.Text(state.Workers.Select(WorkerJson.Of)), "workers");
            told = (state.Runs, state.Workers);
        }
    }

    private async IAsyncEnumerable<SseItem<string>> RunAsync(string run, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        Run? told = null;
        await foreach (var (state, trouble) in ChangesAsync(states.Of(run), cancellation))
        {
            if (state is null)
            {
                yield return trouble;
                continue;
            }

            if (state.LastEvent > after)
            {
                foreach (var happened in await EventsAsync(run, after, cancellation))
                {
                    after = happened.Number;
                    if (EventText.IsTick(happened)) yield return new(happened.Json, "tick") { EventId = $"{happened.Number}" };
                    else yield return new(ApiJson.Text(EventJson.Of(happened)), "event") { EventId = $"{happened.Number}" };
                }
            }

            if (!state.Description.Run.Equals(told)) yield return new(ApiJson.Text(RunJson.Of(state.Description.Run)), "run");
            told = state.Description.Run;
        }
    }

    private async Task<IReadOnlyList<RunEvent>> EventsAsync(string run, long after, CancellationToken cancellation)
    {
        try
        {
            return await states.Source.EventsAsync(run, after, cancellation);
        }
        catch (Exception error) when (IsTrouble(error))
        {
            // They come with the next change.
            return [];
        }
    }

    private async IAsyncEnumerable<SseItem<string>> VersionsAsync<T>(Topic<T> topic, Func<T, IReadOnlyDictionary<string, string>> versions, [EnumeratorCancellation] CancellationToken cancellation)
        where T : class
    {
        await foreach (var (state, trouble) in ChangesAsync(topic, cancellation))
            yield return state is null ? trouble : new(ApiJson.Text(versions(state)), "versions") { ReconnectionInterval = ReconnectAfter };
    }

    /// <summary>Each change of a topic, and what is to be said while there is none: that the stream stands, or why nothing can be read.</summary>
    private async IAsyncEnumerable<(T? State, SseItem<string> Trouble)> ChangesAsync<T>(Topic<T> topic, [EnumeratorCancellation] CancellationToken cancellation)
        where T : class
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation, lifetime.ApplicationStopping);
        T? seen = null;
        while (!end.IsCancellationRequested)
        {
            T? next = null;
            SseItem<string> aside = new("{}", "alive");
            try
            {
                next = await topic.NextAsync(seen, Silence, end.Token);
            }
            catch (OperationCanceledException)
            {
                yield break;
            }
            catch (Exception error) when (IsTrouble(error))
            {
                aside = new(ApiJson.Text(new { Title = error.Message }), "trouble");
            }

            if (next is not null && !ReferenceEquals(next, seen))
            {
                yield return (seen = next, aside);
                continue;
            }

            yield return (null, aside);
            if (next is null && !await PauseAsync(end.Token)) yield break;
        }
    }

    private static async Task<bool> PauseAsync(CancellationToken cancellation)
    {
        await Task.Delay(ReconnectAfter, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !cancellation.IsCancellationRequested;
    }

    private static bool IsTrouble(Exception error) => error is UserErrorException or SourceUnavailableException or IOException or UnauthorizedAccessException;
}
