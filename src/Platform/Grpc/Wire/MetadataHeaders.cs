using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Metadata as HTTP headers: bytes as base64, several values of a key as several headers or with commas.</summary>
internal static class MetadataHeaders
{
    // What the protocol and HTTP say with headers is not the application's metadata.
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "accept-encoding", "content-encoding", "content-length", "content-type", "host", "te", "trailer", "transfer-encoding",
        "grpc-accept-encoding", "grpc-encoding", "grpc-message", "grpc-status", GrpcTimeout.Header,
    };

    /// <summary>Whether a header belongs to the protocol.</summary>
    public static bool IsReserved(string name) => name.StartsWith(':') || Reserved.Contains(name);

    /// <summary>An entry's value in a header.</summary>
    public static string Encode(Metadata.Entry entry) => entry.IsBinary ? Convert.ToBase64String(entry.ValueBytes) : Printable(entry.Value);

    /// <summary>Adds a header's value to metadata, unless the header is the protocol's.</summary>
    /// <exception cref="RpcException">A binary value is not base64.</exception>
    public static void Decode(Metadata metadata, string name, string? value)
    {
        if (value is null || IsReserved(name)) return;
        if (!name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase))
        {
            metadata.Add(name, value);
            return;
        }
        foreach (var part in value.Split(',', StringSplitOptions.TrimEntries))
            metadata.Add(name, Base64(name, part));
    }

    // Peers may leave the padding out.
    private static byte[] Base64(string name, string text)
    {
        try
        {
            return Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));
        }
        catch (FormatException)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"the header {name} is not base64"));
        }
    }

    // HTTP takes no other characters, and refusing them here would lose the status that the metadata comes with.
    private static string Printable(string text) =>
        text.All(c => c is >= ' ' and <= '~') ? text : string.Create(text.Length, text, (span, from) =>
        {
            for (int i = 0; i < span.Length; i++) span[i] = from[i] is >= ' ' and <= '~' ? from[i] : '?';
        });
}
