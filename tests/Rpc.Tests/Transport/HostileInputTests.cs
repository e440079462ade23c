using System.Net;
using Atelier.Rpc.Transport;
using Atelier.TestKit;

namespace Atelier.Rpc.Tests.Transport;

/// <summary>
/// What every port of the product bears: bytes that make no sense, floods, and clients that begin and do not go on. Each ends
/// by the deadline that <see cref="ServerLimits"/> has for it, and harms nobody else.
/// </summary>
public abstract class HostileInputTests
{
    private const byte GoAway = 7;
    private const byte Headers = 1;
    private const int Flood = 300;

    private static readonly ServerLimits Short = new()
    {
        Handshake = TimeSpan.FromSeconds(1),
        Headers = TimeSpan.FromSeconds(1),
        Idle = TimeSpan.FromSeconds(1),
        SlowRequest = TimeSpan.FromSeconds(1.5),
        FirstMessage = TimeSpan.FromSeconds(1),
    };

    // Nothing that a test does not wait for ends so early.
    private static readonly ServerLimits Long = new()
    {
        Handshake = TimeSpan.FromMinutes(5),
        Headers = TimeSpan.FromMinutes(5),
        Idle = TimeSpan.FromMinutes(5),
        SlowRequest = TimeSpan.FromMinutes(5),
        FirstMessage = TimeSpan.FromMinutes(5),
    };

    /// <summary>The path of a method with one request.</summary>
    private protected abstract string OnePath { get; }

    /// <summary>The path of a method with a stream of requests, the first of which says who calls.</summary>
    private protected abstract string StreamPath { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(24)]
    [InlineData(70_000)]
    public async Task Garbage_IsClosed(int bytes)
    {
        await using var port = await StartAsync(Short, null);
        using var connection = await RawConnection.OpenAsync(port.Number, Cancellation);
        var garbage = new byte[bytes];
        new Random(bytes).NextBytes(garbage);

        await SendAsync(connection, garbage);
        await connection.UntilClosedAsync(Cancellation);

        await port.CallAsync();
    }

    [Fact]
    public virtual async Task Http1_IsToldSoAndClosed()
    {
        await using var port = await StartAsync(Long, null);
        using var connection = await RawConnection.OpenAsync(port.Number, Cancellation);

        await connection.SendAsync([.. "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8], Cancellation);
        var answer = System.Text.Encoding.ASCII.GetString(await connection.UntilClosedAsync(Cancellation));

        Assert.StartsWith("HTTP/1.1 400", answer, StringComparison.Ordinal);
        await port.CallAsync();
    }

    [Fact]
    public async Task Flood_OfConnectionsThatSayNothing_IsServedThroughAndCleared()
    {
        await using var port = await StartAsync(Short, null);
        var flood = await FloodAsync(port, (connection, index) => index % 2 == 0 ? connection.SendAsync(RawConnection.Preface, Cancellation) : Task.CompletedTask);

        await port.CallAsync();
        await ClosedAsync(flood);
        await port.CallAsync();
    }

    [Fact]
    public async Task Flood_OfHalfHandshakes_IsServedThroughAndCleared()
    {
        using var authority = new TestAuthority();
        await using var port = await StartAsync(Short, authority);
        // A ClientHello that announces 512 bytes, and sends three.
        var flood = await FloodAsync(port, (connection, _) => connection.SendAsync([0x16, 3, 1, 2, 0, 1, 0, 1], Cancellation));

        await port.CallAsync();
        await ClosedAsync(flood);
        await port.CallAsync();
    }

    [Fact]
    public async Task Preface_ThenSilence_IsToldGoodbye()
    {
        await using var port = await StartAsync(Short, null);
        using var connection = await RawConnection.OpenAsync(port.Number, Cancellation);

        await connection.SendAsync(RawConnection.Preface, Cancellation);
        var answer = await connection.UntilClosedAsync(Cancellation);

        Assert.Contains(GoAway, RawConnection.FrameTypes(answer));
        await port.CallAsync();
    }

    [Fact]
    public async Task Headers_ThatDoNotEnd_AreClosed()
    {
        await using var port = await StartAsync(Long with { Headers = Short.Headers }, null);
        using var connection = await RawConnection.OpenAsync(port.Number, Cancellation);

        await connection.SendAsync([.. RawConnection.Preface, .. RawConnection.Frame(Headers, 0, 1, RawConnection.Header(":method", "POST"))], Cancellation);
        await connection.UntilClosedAsync(Cancellation);

        await port.CallAsync();
    }

    [Fact]
    public async Task Connections_MoreThanThereMayBe_AreClosedAtOnce()
    {
        await using var port = await StartAsync(Short with { Connections = 4, Idle = TimeSpan.FromSeconds(5) }, null);
        var flood = await FloodAsync(port, (_, _) => Task.CompletedTask, 5);

        // The four others are told goodbye when they have been idle for long enough.
        var closed = flood.Select(connection => connection.UntilClosedAsync(Cancellation)).ToList();
        Assert.Empty(await await Task.WhenAny(closed));
        await Task.WhenAll(closed);
        await port.CallAsync();
    }

    [Fact]
    public async Task Stream_ThatTricklesAndNeverSaysWhoItIs_EndsAtItsDeadline()
    {
        await using var port = await StartAsync(Long with { FirstMessage = Short.FirstMessage }, null);

        var status = await PostAsync(port, StreamPath, new TrickleContent([0, 0, 0, 1, 0, 1], TimeSpan.FromMilliseconds(50)));

        Assert.Equal("4", status); // DEADLINE_EXCEEDED
        await port.CallAsync();
    }

    [Fact]
    public async Task Stream_ThatSaysNothing_EndsAtItsDeadline()
    {
        await using var port = await StartAsync(Long with { FirstMessage = Short.FirstMessage }, null);

        Assert.Equal("4", await PostAsync(port, StreamPath, new TrickleContent([], Timeout.InfiniteTimeSpan)));
        await port.CallAsync();
    }

    [Fact]
    public async Task Request_ThatTrickles_IsBrokenOff()
    {
        await using var port = await StartAsync(Long with { SlowRequest = Short.SlowRequest }, null);

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => PostAsync(port, OnePath, new TrickleContent([0, 0, 0, 1, 0, 1], TimeSpan.FromMilliseconds(50))));

        await port.CallAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Message_OfFourGigabytes_IsRefusedBeforeItComes(bool isStream)
    {
        await using var port = await StartAsync(Long, null);
        await port.CallAsync();
        long before = GC.GetTotalAllocatedBytes();

        var status = await PostAsync(port, isStream ? StreamPath : OnePath, new TrickleContent([0, 0xFF, 0xFF, 0xFF, 0xFF], Timeout.InfiniteTimeSpan));

        Assert.True(status is "8" or "2", status); // RESOURCE_EXHAUSTED, or UNKNOWN for a length that is not even a number of bytes
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 64 << 20);
        await port.CallAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Message_OfTwentyMegabytes_IsRefusedBeforeItComes(bool isStream)
    {
        await using var port = await StartAsync(Long, null);

        Assert.Equal("8", await PostAsync(port, isStream ? StreamPath : OnePath, new TrickleContent([0, 1, 0x40, 0, 0], Timeout.InfiniteTimeSpan)));
        await port.CallAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Message_ThatIsNoProtobuf_EndsTheCall(bool isStream)
    {
        await using var port = await StartAsync(Long, null);

        var status = await PostAsync(port, isStream ? StreamPath : OnePath, Body([0, 0, 0, 0, 3, 0xFF, 0xFF, 0xFF]));

        Assert.True(status is "13" or "3" or "2", status); // INTERNAL, INVALID_ARGUMENT or UNKNOWN
        await port.CallAsync();
    }

    /// <summary>Starts a server.</summary>
    /// <param name="limits">What it bears with.</param>
    /// <param name="authority">Where its certificate comes from; null to speak no TLS.</param>
    private protected abstract Task<HostilePort> StartAsync(ServerLimits limits, TestAuthority? authority);

    // It may be closed before all was sent.
    private static async Task SendAsync(RawConnection connection, byte[] bytes)
    {
        try
        {
            await connection.SendAsync(bytes, Cancellation);
        }
        catch (System.Net.Sockets.SocketException)
        {
        }
    }

    private static async Task<IReadOnlyList<RawConnection>> FloodAsync(HostilePort port, Func<RawConnection, int, Task> begin, int count = Flood)
    {
        var flood = new List<RawConnection>();
        for (int i = 0; i < count; i++)
        {
            flood.Add(await RawConnection.OpenAsync(port.Number, Cancellation));
            await begin(flood[^1], i);
        }
        return flood;
    }

    private static async Task ClosedAsync(IReadOnlyList<RawConnection> flood)
    {
        await Task.WhenAll(flood.Select(connection => connection.UntilClosedAsync(Cancellation)));
        foreach (var connection in flood)
            connection.Dispose();
    }

    private static ByteArrayContent Body(byte[] bytes) => new(bytes) { Headers = { ContentType = new("application/grpc") } };

    private static async Task<string?> PostAsync(HostilePort port, string path, HttpContent content)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"http://127.0.0.1:{port.Number}{path}"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        await response.Content.ReadAsByteArrayAsync(Cancellation);
        return response.TrailingHeaders.TryGetValues("grpc-status", out var values) || response.Headers.TryGetValues("grpc-status", out values) ? values.Single() : null;
    }
}
