namespace Atelier.Storage.Blobs;

/// <summary>What kind of thing went wrong with an S3 store.</summary>
public enum S3Trouble
{
    /// <summary>There is no such bucket.</summary>
    BucketMissing,

    /// <summary>The credentials are unknown, expired or not allowed to do this.</summary>
    AccessDenied,

    /// <summary>No credentials were found.</summary>
    CredentialsMissing,

    /// <summary>No region is set, or the bucket lies in another.</summary>
    RegionWrong,

    /// <summary>The server cannot be reached.</summary>
    Unreachable,

    /// <summary>The server answered with something else.</summary>
    Other,
}
