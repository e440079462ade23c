using System.Net;
using Atelier.Training.Analysis.Correction;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Atelier.Cli.Labelling;

/// <summary>
/// A page for labelling samples with the keyboard, served to this machine alone: it listens on loopback, answers only requests that name
/// it, and takes labels only as JSON, which other sites' pages cannot send.
/// </summary>
internal sealed class LabelServer : IAsyncDisposable
{
    private const string PageName = "labelling/label.html";

    private readonly WebApplication _app;

    private LabelServer(WebApplication app) => _app = app;

    /// <summary>Where the page is.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>Starts to listen.</summary>
    /// <param name="session">What is labelled.</param>
    /// <param name="port">0 for a free one.</param>
    public static async Task<LabelServer> StartAsync(LabelSession session, int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1));
        var app = builder.Build();
        app.Use(RefuseOthersAsync);
        app.MapGet("/", () => Results.Stream(typeof(LabelServer).Assembly.GetManifestResourceStream(PageName)!, "text/html; charset=utf-8"));
        app.MapGet("/state", () => Results.Json(session.State));
        app.MapGet("/image/{seed}", (uint seed) => session.Has(seed) ? Results.Bytes(session.Picture(seed), "image/png") : Results.NotFound());
        app.MapPost("/label", (LabelOrder order) => !session.Has(order.Seed) ? Results.NotFound() : order.Label?.ToLowerInvariant() switch
        {
            "artifact" => Results.Json(session.Label(order.Seed, SampleLabel.Artifact)),
            "normal" => Results.Json(session.Label(order.Seed, SampleLabel.Normal)),
            _ => Results.BadRequest($"the label {order.Label} is neither artifact nor normal"),
        });
        app.MapPost("/skip", (LabelOrder order) => session.Has(order.Seed) ? Results.Json(session.Skip(order.Seed)) : Results.NotFound());
        app.MapPost("/undo", (HttpRequest request) => request.HasJsonContentType() ? Results.Json(session.Undo()) : Results.StatusCode(StatusCodes.Status415UnsupportedMediaType));
        await app.StartAsync();
        return new(app);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    // A name that leads here by a foreign DNS entry is not this server's.
    private static Task RefuseOthersAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Host.Host is "127.0.0.1" or "localhost")
            return next(context);
        context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
        return Task.CompletedTask;
    }

    private sealed record LabelOrder(uint Seed, string? Label);
}

/// <summary>How far labelling is.</summary>
/// <param name="Seed">The sample that is asked about; null when all are labelled.</param>
/// <param name="Artifacts">Samples labelled as artifacts.</param>
/// <param name="Normal">Samples labelled as normal.</param>
/// <param name="Left">Samples without a label.</param>
internal sealed record LabelState(uint? Seed, int Artifacts, int Normal, int Left);

/// <summary>Which sample is asked about next. Thread-safe.</summary>
/// <param name="labels">Where labels go; not owned.</param>
/// <param name="seeds">Samples, in the order in which they are asked about.</param>
/// <param name="draw">A seed's picture as PNG.</param>
internal sealed class LabelSession(SampleLabels labels, IReadOnlyList<uint> seeds, Func<uint, byte[]> draw)
{
    private readonly Lock _gate = new();
    private readonly HashSet<uint> _known = [.. seeds];
    private readonly HashSet<uint> _skipped = [];
    private readonly Stack<uint> _done = [];
    private uint? _again;

    public LabelState State
    {
        get
        {
            lock (_gate)
                return Now();
        }
    }

    public bool Has(uint seed) => _known.Contains(seed);

    public byte[] Picture(uint seed)
    {
        lock (_gate)
            return draw(seed);
    }

    public LabelState Label(uint seed, SampleLabel label)
    {
        lock (_gate)
        {
            labels.Set(seed, label);
            _done.Push(seed);
            _again = null;
            return Now();
        }
    }

    /// <summary>Asks about a sample last.</summary>
    public LabelState Skip(uint seed)
    {
        lock (_gate)
        {
            _skipped.Add(seed);
            _again = null;
            return Now();
        }
    }

    /// <summary>Takes the last label of this session back, and asks about that sample again.</summary>
    public LabelState Undo()
    {
        lock (_gate)
        {
            if (_done.TryPop(out uint seed))
            {
                labels.Set(seed, null);
                _again = seed;
            }
            return Now();
        }
    }

    private LabelState Now()
    {
        var left = seeds.Where(seed => !labels.All.ContainsKey(seed)).ToList();
        var ahead = left.Where(seed => !_skipped.Contains(seed)).ToList();
        if (ahead.Count == 0)
            _skipped.Clear();
        return new(
            _again ?? (ahead.Count > 0 ? ahead[0] : left.Count > 0 ? left[0] : null),
            labels.Of(SampleLabel.Artifact).Count, labels.Of(SampleLabel.Normal).Count, left.Count);
    }
}
