using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Atelier.Kubernetes.Api;

/// <summary>
/// The objects of a kind, as they are: listed once, then kept up by a watch, which goes on where it broke. Where the server has forgotten
/// what happened since, everything is listed again.
/// </summary>
/// <param name="api">The server.</param>
/// <param name="kind">The kind.</param>
/// <param name="selector">Labels that the objects have; empty for any.</param>
/// <param name="changed">Called after every change.</param>
/// <param name="time">The clock.</param>
internal sealed class ObjectCache(KubernetesApi api, ResourceKind kind, string selector, Action changed, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private ulong _watched;
    private ImmutableDictionary<string, JsonObject> _objects = ImmutableDictionary<string, JsonObject>.Empty;

    /// <summary>The objects by name.</summary>
    public ImmutableDictionary<string, JsonObject> Objects => Volatile.Read(ref _objects);

    /// <summary>Whether they were listed.</summary>
    public bool IsListed { get; private set; }

    /// <summary>Why they are not up to date; null where they are.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Takes in an answer to a change of one's own, if the watch has not come so far: what it has told since is newer.</summary>
    public void Observe(JsonObject subject)
    {
        lock (_lock)
            if (VersionOf(subject) > _watched) _objects = _objects.SetItem(NameOf(subject), subject);
    }

    /// <summary>Keeps the objects up to date.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        string? version = null;
        var pause = FirstPause;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                version ??= await ListAsync(cancellation);
                await foreach (var change in api.WatchAsync(kind, selector, version, cancellation))
                {
                    version = (string?)change.Subject["metadata"]?["resourceVersion"] ?? version;
                    pause = FirstPause;
                    Take(change);
                }
            }
            catch (KubernetesApiException error) when (error.IsGone)
            {
                version = null;
            }
            catch (KubernetesApiException error)
            {
                Trouble = error.Message;
                // What is no matter of the connection is listed anew, too: rights may have come, or a kind.
                if (!error.IsPassing) version = null;
                changed();
                await Task.Delay(pause, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // A watch of which nothing was heard for too long; the next one goes on.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Versions are numbers that rise with every change of anything.</summary>
    private static ulong VersionOf(JsonObject subject) => ulong.TryParse((string?)subject["metadata"]?["resourceVersion"], out var version) ? version : 0;

    private static string NameOf(JsonObject subject) => (string)subject["metadata"]!["name"]!;

    private async Task<string> ListAsync(CancellationToken cancellation)
    {
        var (items, version) = await api.ListAsync(kind, selector, cancellation);
        lock (_lock)
        {
            _objects = items.ToImmutableDictionary(NameOf);
            _watched = ulong.TryParse(version, out var listed) ? listed : 0;
        }

        (IsListed, Trouble) = (true, null);
        changed();
        return version;
    }

    private void Take(WatchChange change)
    {
        Trouble = null;
        var version = VersionOf(change.Subject);
        lock (_lock)
        {
            _watched = Math.Max(_watched, version);
            if (change.Kind == WatchChangeKind.Bookmark) return;
            var name = NameOf(change.Subject);
            // An answer may have been ahead.
            if (_objects.TryGetValue(name, out var known) && VersionOf(known) > version) return;
            _objects = change.Kind == WatchChangeKind.Gone ? _objects.Remove(name) : _objects.SetItem(name, change.Subject);
        }

        changed();
    }
}
