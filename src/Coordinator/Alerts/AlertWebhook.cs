using System.Net.Http.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using Atelier.Coordinator.Telemetry;
using Atelier.Core.Alerts;
using Microsoft.Extensions.Hosting;

namespace Atelier.Coordinator.Alerts;

/// <summary>
/// Posts alerts to an address, as JSON, one after the other. One that does not take them delays nothing: an alert is tried a few times and
/// then given up, which is said once until the address takes one again.
/// </summary>
/// <param name="address">Where to; null for nowhere.</param>
/// <param name="say">Told of an address that takes none.</param>
/// <param name="metrics">Counts them.</param>
/// <param name="time">The clock.</param>
public sealed class AlertWebhook(Uri? address, Action<string> say, CoordinatorMetrics metrics, TimeProvider time) : BackgroundService
{
    private const int Tries = 3;
    private const int MostWaiting = 256;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(2);

    private readonly Channel<AlertNotice> _notices = Channel.CreateBounded<AlertNotice>(new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest });
    private bool _isAway;

    /// <summary>Sends an alert.</summary>
    /// <param name="run">Whose.</param>
    /// <param name="alert">The alert.</param>
    /// <param name="isRaised">Whether it is raised; else it is over.</param>
    public void Send(string run, ActiveAlert alert, bool isRaised)
    {
        if (address is not null)
            _notices.Writer.TryWrite(new(1, $"{alert.Kind}", isRaised ? "raised" : "cleared", run, alert.Text, alert.Since, time.GetUtcNow()));
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (address is null) return;
        using var client = new HttpClient { Timeout = Patience };
        await foreach (var notice in _notices.Reader.ReadAllAsync(stoppingToken))
            metrics.Notifications.Add(1, CoordinatorMetrics.Tag("outcome", await PostAsync(client, notice, stoppingToken) ? "taken" : "given-up"));
    }

    private async Task<bool> PostAsync(HttpClient client, AlertNotice notice, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            string trouble;
            try
            {
                using var response = await client.PostAsJsonAsync(address, notice, AlertNoticeJson.Default.AlertNotice, cancellation);
                if (response.IsSuccessStatusCode)
                {
                    _isAway = false;
                    return true;
                }

                trouble = $"it answers {(int)response.StatusCode}";
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
            {
                trouble = error.Message;
            }

            if (attempt == Tries)
            {
                if (!_isAway) say($"cannot send alerts to {address!.GetLeftPart(UriPartial.Authority)}: {trouble}");
                _isAway = true;
                return false;
            }

            await Task.Delay(TryAgain * attempt, time, cancellation);
        }
    }
}

/// <summary>An alert as the webhook gets it.</summary>
/// <param name="Version">Of this format.</param>
/// <param name="Alert">Its kind.</param>
/// <param name="Status">`raised` or `cleared`.</param>
/// <param name="Run">Whose it is.</param>
/// <param name="Text">What is the matter, for people.</param>
/// <param name="Since">When it was raised.</param>
/// <param name="At">When this was sent.</param>
internal sealed record AlertNotice(int Version, string Alert, string Status, string Run, string Text, DateTimeOffset Since, DateTimeOffset At);

/// <summary>JSON of the webhook.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AlertNotice))]
internal sealed partial class AlertNoticeJson : JsonSerializerContext;
