using System.Net.Security;
using Atelier.Core;
using Grpc.Net.Client;

namespace Atelier.Rpc.Transport;

/// <summary>Channels by address: <c>http://HOST:PORT</c>, <c>https://HOST:PORT</c> or <c>unix:PATH</c>.</summary>
public static class CoordinatorChannel
{
    private const string SocketScheme = "unix:";

    /// <summary>Opens a channel; nothing is connected yet.</summary>
    /// <param name="address">The address.</param>
    /// <param name="tls">What is trusted and shown, for <c>https</c>; null for the system's trust.</param>
    /// <exception cref="UserErrorException">It is no such address.</exception>
    public static GrpcChannel Open(string address, SslClientAuthenticationOptions? tls)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.StartsWith(SocketScheme, StringComparison.Ordinal))
            return GrpcChannel.ForAddress("http://localhost", new() { HttpHandler = ClientTransport.Unix(new(address[SocketScheme.Length..])), DisposeHttpClient = true });
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.PathAndQuery != "/")
            throw new UserErrorException($"`{address}` is no address of a coordinator; give http://HOST:PORT, https://HOST:PORT or unix:PATH");
        return GrpcChannel.ForAddress(uri, new() { HttpHandler = ClientTransport.Tcp(tls), DisposeHttpClient = true });
    }
}
