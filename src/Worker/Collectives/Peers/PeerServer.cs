using Atelier.Rpc.Transport;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Atelier.Worker.Collectives.Peers;

/// <summary>Where the other ranks of one generation call; it listens before anybody's address is told to others.</summary>
public sealed class PeerServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly TaskCompletionSource<PeerMeeting> _meeting;

    private PeerServer(WebApplication application, TaskCompletionSource<PeerMeeting> meeting, PeerAddress address)
    {
        _application = application;
        _meeting = meeting;
        Address = address.Bound(new Uri(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()));
    }

    /// <summary>Where it listens.</summary>
    public PeerAddress Address { get; }

    /// <summary>Starts listening; who calls waits until <see cref="PeerWorld.JoinAsync(PeerServer, int, TimeSpan, TimeProvider, CancellationToken)"/>.</summary>
    /// <exception cref="IOException">The address is taken.</exception>
    public static async Task<PeerServer> StartAsync(PeerAddress address, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(address);
        var meeting = new TaskCompletionSource<PeerMeeting>(TaskCreationOptions.RunContinuationsAsynchronously);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            ServerTransport.Configure(options);
            address.Listen(options);
        });
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        // What a segment may be is checked against the world's own size.
        builder.Services.AddGrpc(options => options.MaxReceiveMessageSize = null);
        var application = builder.Build();
        application.MapGrpcService(ServerServiceDefinition.CreateBuilder().AddMethod(PeerFrameFormat.Exchange, async (requests, responses, context) =>
        {
            var open = await meeting.Task.WaitAsync(context.CancellationToken).ConfigureAwait(false);
            await open.WelcomeAsync(new PeerStream(requests, responses, () => Task.CompletedTask, context.GetHttpContext().Abort)).ConfigureAwait(false);
        }).Build());
        await application.StartAsync(cancellation).ConfigureAwait(false);
        return new PeerServer(application, meeting, address);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Streams that did not end by themselves would keep it waiting.
        await _application.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Lets those in who wait, and all who come later.</summary>
    internal void Open(PeerMeeting meeting) => _meeting.SetResult(meeting);

    // The signals of the process are its program's.
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
