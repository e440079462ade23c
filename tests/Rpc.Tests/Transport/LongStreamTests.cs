using Atelier.Rpc.Transport;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Atelier.Rpc.Tests.Transport;

/// <summary>Streams that Kestrel would end if its limits were not lifted, over a server and a channel as the product sets them up.</summary>
public sealed class LongStreamTests
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("ATELIER_SOAK") == "1";

    /// <summary>Adds up the bytes of its requests; every request is answered with the sum so far. Requests hold one value throughout.</summary>
    private static readonly Method<Segment, byte[]> Sum = new(
        MethodType.DuplexStreaming,
        "atelier.tests.v1.Segments",
        "Sum",
        Marshallers.Create<Segment>(Write, Read),
        Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stream_ThatIsIdle_Survives()
    {
        // The data rate of a request that is not a stream is checked after the shortest grace period that Kestrel takes.
        await using var server = await StartAsync(new ServerLimits { SlowRequest = TimeSpan.FromSeconds(1.1) }, useLargeBlocks: false);
        using var call = server.Channel.CreateCallInvoker().AsyncDuplexStreamingCall(Sum, null, new CallOptions(cancellationToken: Token));
        await call.RequestStream.WriteAsync(new Segment(1, 5), Token);
        Assert.True(await call.ResponseStream.MoveNext(Token));
        var next = call.ResponseStream.MoveNext(Token);

        // Idle time is what is tested; nothing may come in it.
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(Soak ? 60 : 4));
        await timer.WaitForNextTickAsync(Token);
        Assert.False(next.IsCompleted);

        await call.RequestStream.WriteAsync(new Segment(1, 2), Token);
        Assert.True(await next);
        Assert.Equal(7, BitConverter.ToInt64(call.ResponseStream.Current));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stream_ThatIsLarge_ComesThroughWhole(bool useLargeBlocks)
    {
        const int SegmentBytes = 1 << 20;
        var segments = Soak ? 1024 : 64; // over Kestrel's 30 MB for a body either way
        await using var server = await StartAsync(new ServerLimits(), useLargeBlocks);
        using var call = server.Channel.CreateCallInvoker().AsyncDuplexStreamingCall(Sum, null, new CallOptions(cancellationToken: Token));

        for (int i = 0; i < segments; i++)
        {
            await call.RequestStream.WriteAsync(new Segment((byte)i, SegmentBytes), Token);
            Assert.True(await call.ResponseStream.MoveNext(Token));
        }
        await call.RequestStream.CompleteAsync();

        Assert.Equal((long)segments * SegmentBytes, BitConverter.ToInt64(call.ResponseStream.Current));
        Assert.False(await call.ResponseStream.MoveNext(Token));
    }

    private static async Task<SegmentServer> StartAsync(ServerLimits limits, bool useLargeBlocks)
    {
        var path = new UnixSocketPath(Path.Combine(Path.GetTempPath(), $"atelier-{Guid.NewGuid():N}.sock"));
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            ServerTransport.Configure(kestrel, limits);
            kestrel.ListenUnixSocket(path.Path, endpoint => ServerTransport.ServeHttp2(endpoint, TlsMaterial.None, limits));
        });
        if (useLargeBlocks)
            ServerTransport.UseLargeBlocks(builder.Services);
        builder.Services.AddSingleton<IHostLifetime, EmbeddedHostLifetime>();
        builder.Services.AddRouting();
        builder.Services.AddGrpc();
        var application = builder.Build();
        application.UseRouting();
        application.MapGrpcService(ServerServiceDefinition.CreateBuilder().AddMethod(Sum, SumAsync).Build());
        await application.StartAsync(Token);
        return new SegmentServer(application, CoordinatorChannel.Open($"unix:{path}", null));
    }

    private static async Task SumAsync(IAsyncStreamReader<Segment> requests, IServerStreamWriter<byte[]> responses, ServerCallContext context)
    {
        long total = 0;
        await foreach (var segment in requests.ReadAllAsync(context.CancellationToken))
        {
            total += segment.Bytes;
            await responses.WriteAsync(BitConverter.GetBytes(total), context.CancellationToken);
        }
    }

    private static void Write(Segment segment, SerializationContext context)
    {
        context.SetPayloadLength(segment.Bytes);
        var writer = context.GetBufferWriter();
        for (int left = segment.Bytes; left > 0;)
        {
            var span = writer.GetSpan(1);
            var count = Math.Min(left, span.Length);
            span[..count].Fill(segment.Value);
            writer.Advance(count);
            left -= count;
        }
        context.Complete();
    }

    private static Segment Read(DeserializationContext context)
    {
        var payload = context.PayloadAsReadOnlySequence();
        var value = payload.FirstSpan[0];
        foreach (var part in payload)
        {
            if (part.Span.ContainsAnyExcept(value)) throw new InvalidDataException("a segment holds bytes of another");
        }
        return new Segment(value, context.PayloadLength);
    }

    private sealed record Segment(byte Value, int Bytes);

    private sealed record SegmentServer(WebApplication Application, GrpcChannel Channel) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            Channel.Dispose();
            // Calls that a test left open would keep the server waiting.
            await Application.StopAsync(new CancellationToken(canceled: true));
            await Application.DisposeAsync();
        }
    }
}
