using Atelier.Core.Access;
using Atelier.Rpc.Transport;

namespace Atelier.Worker.Peers;

/// <summary>How a worker is reached by others.</summary>
/// <param name="Listen">Where it listens; port 0 for any free one.</param>
public sealed record PeerOptions(ListenAddress Listen)
{
    /// <summary>The name or address that others know this machine by; null for the one it listens at.</summary>
    public string? Host { get; init; }

    /// <summary>Certificates and the token.</summary>
    public PeerSecurity Security { get; init; } = PeerSecurity.None;

    /// <summary>What its port bears with.</summary>
    public ServerLimits Limits { get; init; } = new();

    /// <summary>How long a rank may wait that calls for a generation of which this worker was not told yet.</summary>
    public TimeSpan NewcomerPatience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Measures it.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
