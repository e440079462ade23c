using System.Collections.Concurrent;
using System.Net;
using Atelier.TestKit;
using Google.Protobuf;

namespace Atelier.Cluster.Tests.Telemetry;

/// <summary>Takes what processes send over OTLP (HTTP with protobuf), as a collector would.</summary>
internal sealed class OtlpReceiver : IDisposable
{
    private readonly HttpListener _listener = new();

    public OtlpReceiver()
    {
        Port = FreePorts.Take();
        _listener.Prefixes.Add($"http://127.0.0.1:{Port}/");
        _listener.Start();
        _ = TakeAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>The spans so far, by their number.</summary>
    public ConcurrentDictionary<string, OtlpSpan> Spans { get; } = new();

    /// <summary>The metrics so far, each with its unit, by the meter's name and its own.</summary>
    public ConcurrentDictionary<(string Meter, string Name), string> Metrics { get; } = new();

    /// <summary>Attributes of log entries so far, with the service and the text.</summary>
    public ConcurrentQueue<(string Service, string Text, IReadOnlyDictionary<string, string> Attributes)> Logs { get; } = new();

    /// <summary>What starts a process that sends everything here, soon.</summary>
    public IReadOnlyList<string> Launcher => LauncherOf(Port);

    /// <summary>What starts a process that sends everything to a port.</summary>
    public static IReadOnlyList<string> LauncherOf(int port) =>
    [
        "env", $"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{port}", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_METRIC_EXPORT_INTERVAL=1000",
        "OTEL_BSP_SCHEDULE_DELAY=300", "OTEL_BLRP_SCHEDULE_DELAY=300",
    ];

    /// <summary>Waits until what came is as it should be.</summary>
    public async Task UntilAsync(Func<OtlpReceiver, bool> isSo, string what)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!isSo(this))
            Assert.True(await again.WaitForNextTickAsync(late.Token), $"{what} did not come");
    }

    public void Dispose() => _listener.Close();

    private async Task TakeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var call = await _listener.GetContextAsync();
                using var body = new MemoryStream();
                await call.Request.InputStream.CopyToAsync(body);
                Take(call.Request.Url!.AbsolutePath, new WireFields(body.ToArray()));
                call.Response.StatusCode = 200;
                call.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    /// <summary>Numbers of fields are those of opentelemetry-proto.</summary>
    private void Take(string path, WireFields request)
    {
        foreach (var resource in request.Messages(1))
        {
            string service = Attributes(resource.Messages(1).Single(), 1).GetValueOrDefault("service.name", "");
            foreach (var scope in resource.Messages(2))
            {
                string meter = scope.Messages(1).Select(named => named.Text(1)).FirstOrDefault() ?? "";
                foreach (var item in scope.Messages(2))
                {
                    switch (path)
                    {
                        case "/v1/traces":
                            var span = new OtlpSpan(service, Convert.ToHexStringLower(item.Bytes(1)), Convert.ToHexStringLower(item.Bytes(2)), Convert.ToHexStringLower(item.Bytes(4)), item.Text(5), (long)(item.Fixed(8) - item.Fixed(7)) / 1e9, Attributes(item, 9));
                            Spans[span.Id] = span;
                            break;
                        case "/v1/metrics":
                            Metrics[(meter, item.Text(1))] = item.Text(3);
                            break;
                        case "/v1/logs":
                            Logs.Enqueue((service, item.Messages(5).Single().Text(1), Attributes(item, 6)));
                            break;
                    }
                }
            }
        }
    }

    private static Dictionary<string, string> Attributes(WireFields of, int field)
    {
        var found = new Dictionary<string, string>();
        foreach (var pair in of.Messages(field))
        {
            var value = pair.Messages(2).Single();
            found[pair.Text(1)] = value.Text(1) is { Length: > 0 } text ? text : $"{value.Number(3)}";
        }
        return found;
    }
}

/// <summary>A span.</summary>
/// <param name="Parent">The span above it; empty for the first of a trace.</param>
internal sealed record OtlpSpan(string Service, string Trace, string Id, string Parent, string Name, double Seconds, IReadOnlyDictionary<string, string> Attributes);

/// <summary>The fields of a protobuf message whose type is not known here.</summary>
internal sealed class WireFields
{
    private readonly List<(int Field, object Value)> _fields = [];

    public WireFields(byte[] message)
    {
        var input = new CodedInputStream(message);
        while (input.ReadTag() is var tag && tag != 0)
        {
            object value = WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.Varint => input.ReadUInt64(),
                WireFormat.WireType.Fixed64 => input.ReadFixed64(),
                WireFormat.WireType.Fixed32 => (ulong)input.ReadFixed32(),
                _ => input.ReadBytes().ToByteArray(),
            };
            _fields.Add((WireFormat.GetTagFieldNumber(tag), value));
        }
    }

    public IEnumerable<WireFields> Messages(int field) => All<byte[]>(field).Select(bytes => new WireFields(bytes));

    public byte[] Bytes(int field) => All<byte[]>(field).FirstOrDefault() ?? [];

    public string Text(int field) => System.Text.Encoding.UTF8.GetString(Bytes(field));

    public ulong Fixed(int field) => All<ulong>(field).FirstOrDefault();

    public long Number(int field) => (long)Fixed(field);

    private IEnumerable<T> All<T>(int field) => _fields.Where(known => known.Field == field).Select(known => known.Value).OfType<T>();
}
