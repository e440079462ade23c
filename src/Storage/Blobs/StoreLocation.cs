using System.Text.RegularExpressions;
using Atelier.Core.Access;
using Atelier.Core.Specs;

namespace Atelier.Storage.Blobs;

/// <summary>Where blobs are kept, as one string: a folder's path, or `s3://bucket/prefix?endpoint=…`.</summary>
public abstract record StoreLocation
{
    private const string SchemeEnd = "://";

    private StoreLocation()
    {
    }

    /// <param name="Path">Its path, as given.</param>
    public sealed record Folder(string Path) : StoreLocation
    {
        public override IBlobStore Open() => new FolderBlobStore(Path);

        public override string Identity => LexicalPath.IsAbsolute(Path) ? LexicalPath.Normalize(Path) : Path;

        public override string ToString() => Path;
    }

    /// <summary>A bucket of S3 or of a server that speaks its protocol.</summary>
    /// <param name="Address">The bucket, the prefix and how to reach them.</param>
    public sealed record S3(S3Address Address) : StoreLocation
    {
        public override IBlobStore Open() => new S3BlobStore(Address);

        // However a bucket is reached, and with whichever region: it is one.
        public override string Identity => $"{Address.Endpoint?.GetLeftPart(UriPartial.Authority)} {Address.Bucket}/{Address.Prefix}";

        public override string ToString() => Address.ToString();
    }

    /// <summary>Reads a location. Nothing is opened.</summary>
    /// <param name="text">A folder's path, or an S3 address as <see cref="S3Address.Parse"/> takes it.</param>
    /// <exception cref="UserErrorException">It is neither.</exception>
    public static StoreLocation Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (string.IsNullOrWhiteSpace(text)) throw new UserErrorException("the location is empty; name a folder or s3://bucket/prefix");
        if (text.StartsWith(S3Address.Scheme, StringComparison.OrdinalIgnoreCase)) return new S3(S3Address.Parse(text));
        if (text.StartsWith("s3:", StringComparison.OrdinalIgnoreCase)) throw new UserErrorException($"`{text}`: write an S3 location with two slashes, s3://bucket/prefix");
        if (text.Contains(SchemeEnd, StringComparison.Ordinal))
            throw new UserErrorException(
                $"`{text}`: name a folder or s3://bucket/prefix; for another S3-compatible server, use s3://bucket/prefix?endpoint=https://HOST");
        return new Folder(text);
    }

    /// <summary>What two stores differ in, and one has in common however it is written.</summary>
    public abstract string Identity { get; }

    /// <summary>The store there. Nothing is read yet; a store that cannot be reached says so when it is used.</summary>
    public abstract IBlobStore Open();
}

/// <summary>
/// A place in an S3 bucket: `s3://bucket/prefix?endpoint=https://HOST:PORT&amp;path-style=true&amp;region=NAME`. It never holds
/// credentials: those come by the SDK's usual chain (environment, profile, instance role).
/// </summary>
/// <param name="Prefix">What the names of the blobs are put behind, without slashes at its ends; empty for none.</param>
/// <param name="Endpoint">The server, for those that are not Amazon's; null for Amazon's.</param>
/// <param name="PathStyle">Whether the bucket is in the path instead of the host's name, as most other servers want it.</param>
/// <param name="Region">The region; null for the SDK's usual chain.</param>
public sealed partial record S3Address(string Bucket, string Prefix, Uri? Endpoint, bool PathStyle, string? Region)
{
    internal const string Scheme = "s3://";

    private static readonly string[] Parameters = ["endpoint", "path-style", "region"];

    /// <exception cref="UserErrorException">It is malformed; the message says where.</exception>
    public static S3Address Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) throw Bad(text, "it must begin with s3://");
        var question = text.IndexOf('?', StringComparison.Ordinal);
        var path = (question < 0 ? text : text[..question])[Scheme.Length..];
        // The text may hold a password: it is not repeated.
        if (path.Contains('@', StringComparison.Ordinal))
            throw new UserErrorException("an S3 address must not contain credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a profile or role");
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        var (bucket, prefix) = slash < 0 ? (path, "") : (path[..slash], path[(slash + 1)..].TrimEnd('/'));
        if (!BucketName().IsMatch(bucket)) throw Bad(text, $"`{bucket}` is not a bucket name: use 3 to 63 lower-case letters, digits, dots and hyphens");
        if (prefix.Length > 0 && !BlobName.IsAllowed(prefix))
            throw Bad(text, $"`{prefix}` is not a valid prefix: use letters, digits, `.`, `_` and `-` in parts separated by single slashes, no part starting with a dot");
        var values = question < 0 ? [] : ParametersOf(text, text[(question + 1)..]);
        var endpoint = values.TryGetValue("endpoint", out var server) ? EndpointOf(text, server) : null;
        var region = values.GetValueOrDefault("region");
        if (region?.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') == false) throw Bad(text, $"`{region}` is not a region name such as eu-west-1");
        return new(bucket, prefix, endpoint, values.TryGetValue("path-style", out var style) ? StyleOf(text, style) : endpoint is not null, region);
    }

    public override string ToString()
    {
        string?[] parameters =
        [
            Endpoint is null ? null : $"endpoint={Endpoint.GetLeftPart(UriPartial.Authority)}",
            PathStyle == Endpoint is not null ? null : $"path-style={(PathStyle ? "true" : "false")}",
            Region is null ? null : $"region={Region}",
        ];
        var query = string.Join('&', parameters.OfType<string>());
        return $"{Scheme}{Bucket}{(Prefix.Length > 0 ? "/" + Prefix : "")}{(query.Length > 0 ? "?" + query : "")}";
    }

    private static Dictionary<string, string> ParametersOf(string text, string query)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var parameter in query.Split('&'))
        {
            var (name, value) = parameter.Split('=', 2) is [var left, var right] ? (left, Uri.UnescapeDataString(right)) : (parameter, "");
            if (!Parameters.Contains(name)) throw Bad(text, $"`{name}` is not one of {string.Join(", ", Parameters)}.{NearestName.Hint(name, Parameters)}");
            if (value.Length == 0) throw Bad(text, $"{name} has no value");
            if (!values.TryAdd(name, value)) throw Bad(text, $"{name} appears twice");
        }

        return values;
    }

    private static Uri EndpointOf(string text, string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri is { PathAndQuery: "/", UserInfo: "", Fragment: "" }
            ? uri
            : throw Bad(text, "endpoint must be http://HOST:PORT or https://HOST:PORT");

    private static bool StyleOf(string text, string value) =>
        value switch { "true" => true, "false" => false, _ => throw Bad(text, $"path-style must be true or false, not `{value}`") };

    private static UserErrorException Bad(string text, string why) => new($"`{text}` is not an S3 location: {why}");

    [GeneratedRegex(@"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\z", RegexOptions.CultureInvariant)]
    private static partial Regex BucketName();
}
