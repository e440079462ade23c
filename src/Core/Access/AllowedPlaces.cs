namespace Atelier.Core.Access;

/// <summary>
/// What people may name as data and as stores of runs: places below the operator's folders and at the operator's S3 servers; anything
/// where the operator names none. Paths are compared as text, after normalisation: they are paths of the workers' machines, whose links
/// cannot be followed here, so a link below an allowed folder leads wherever it points.
/// </summary>
public sealed class AllowedPlaces
{
    /// <summary>The option for <see cref="AllowedPlaces(IEnumerable{string}, IEnumerable{string}, IEnumerable{string})"/>'s data folders.</summary>
    public const string DataRootOption = "--data-root";

    /// <summary>The option for the stores' folders.</summary>
    public const string StoreRootOption = "--store-root";

    /// <summary>The option for S3 servers.</summary>
    public const string S3EndpointOption = "--s3-endpoint";

    /// <summary>The server of stores that name none.</summary>
    private static readonly Uri Amazon = new("https://s3.amazonaws.com");

    private readonly IReadOnlyList<string> _dataRoots;
    private readonly IReadOnlyList<string> _storeRoots;
    private readonly IReadOnlyList<Uri> _s3Endpoints;

    /// <param name="dataRoots">Folders with datasets and networks to start from.</param>
    /// <param name="storeRoots">Folders with runs.</param>
    /// <param name="s3Endpoints">Addresses of S3 servers.</param>
    /// <exception cref="UserErrorException">A folder is not absolute, or an address is none.</exception>
    public AllowedPlaces(IEnumerable<string> dataRoots, IEnumerable<string> storeRoots, IEnumerable<string> s3Endpoints)
    {
        _dataRoots = [.. dataRoots.Select(root => Root(DataRootOption, root))];
        _storeRoots = [.. storeRoots.Select(root => Root(StoreRootOption, root))];
        _s3Endpoints = [.. s3Endpoints.Select(Endpoint)];
    }

    /// <summary>No limits.</summary>
    public static AllowedPlaces Anything { get; } = new([], [], []);

    // As soon as one kind of store is named, the other is allowed only where it is named too.
    private bool LimitsStores => _storeRoots.Count > 0 || _s3Endpoints.Count > 0;

    /// <summary>The normalised path of a dataset.</summary>
    /// <exception cref="UserErrorException">It is not absolute, or not below an allowed folder.</exception>
    public string Data(string path) => Below(_dataRoots, _dataRoots.Count > 0, path, "data", DataRootOption);

    /// <summary>The normalised path of a network to start from: among the data, or in the store of a run.</summary>
    /// <exception cref="UserErrorException">It is not absolute, or not below an allowed folder.</exception>
    public string Network(string path) => Below([.. _dataRoots, .. _storeRoots], _dataRoots.Count > 0, path, "networks", DataRootOption);

    /// <summary>The normalised path of a run's folder.</summary>
    /// <exception cref="UserErrorException">It is not absolute, or not below an allowed folder.</exception>
    public string Store(string path) => Below(_storeRoots, LimitsStores, path, "runs", StoreRootOption);

    /// <summary>Lets a run keep its files on an S3 server.</summary>
    /// <param name="endpoint">The server; null for Amazon's.</param>
    /// <exception cref="UserErrorException">It is not allowed.</exception>
    public void RequireS3(Uri? endpoint)
    {
        var server = endpoint ?? Amazon;
        if (LimitsStores && !_s3Endpoints.Any(allowed => Uri.Compare(allowed, server, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0))
            throw new UserErrorException(
                $"this coordinator does not allow runs at {server.GetLeftPart(UriPartial.Authority)}; allowed: {Describe(_storeRoots.Concat(_s3Endpoints.Select(allowed => allowed.GetLeftPart(UriPartial.Authority))))} ({StoreRootOption}, {S3EndpointOption})");
    }

    private static string Below(IReadOnlyList<string> roots, bool isLimited, string path, string what, string option)
    {
        var normal = LexicalPath.Normalize(path);
        if (isLimited && !roots.Any(root => LexicalPath.IsBelow(normal, root)))
            throw new UserErrorException($"`{PrintableText.Of(path)}` is not in a folder that this coordinator allows for {what}: {Describe(roots)} ({option})");
        return normal;
    }

    private static string Describe(IEnumerable<string> places) => string.Join(", ", places) is { Length: > 0 } all ? all : "none";

    private static string Root(string option, string root) => LexicalPath.IsAbsolute(root)
        ? LexicalPath.Normalize(root)
        : throw new UserErrorException($"{option} {root}: must be an absolute path");

    private static Uri Endpoint(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri is { PathAndQuery: "/", UserInfo: "", Fragment: "" }
            ? uri
            : throw new UserErrorException($"{S3EndpointOption} {text}: must be an address such as https://s3.example, or {Amazon.GetLeftPart(UriPartial.Authority)} for Amazon S3");
}

/// <summary>Absolute paths with slashes, as text alone: nothing is looked up on this machine.</summary>
public static class LexicalPath
{
    /// <summary>Whether a path begins at the root.</summary>
    public static bool IsAbsolute(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.StartsWith('/');
    }

    /// <summary>The same path without `.`, `..`, doubled slashes and a slash at its end.</summary>
    /// <exception cref="UserErrorException">It is not absolute, or has characters that no path of a run needs.</exception>
    public static string Normalize(string path)
    {
        if (!IsAbsolute(path))
            throw new UserErrorException($"`{PrintableText.Of(path)}` is a relative path; use an absolute one, which means the same to workers and coordinator");
        if (path.Any(char.IsControl))
            throw new UserErrorException($"`{PrintableText.Of(path)}` contains control characters");
        var parts = new List<string>();
        foreach (var part in path.Split('/'))
        {
            if (part == "..")
                parts.RemoveRange(Math.Max(0, parts.Count - 1), Math.Min(1, parts.Count));
            else if (part is not ("" or "."))
                parts.Add(part);
        }

        return "/" + string.Join('/', parts);
    }

    /// <summary>Whether a normalised path is a folder or something in it.</summary>
    /// <param name="path">The path.</param>
    /// <param name="folder">The folder, normalised.</param>
    public static bool IsBelow(string path, string folder)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(folder);
        return path == folder || path.StartsWith(folder == "/" ? folder : folder + "/", StringComparison.Ordinal);
    }
}
