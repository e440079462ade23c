using System.Net;
using Amazon.Runtime;
using Amazon.S3;

namespace Atelier.Storage.Blobs;

/// <summary>
/// An S3 store failed; the message says what to change. It is an <see cref="IOException"/>, so whatever copes with a failing
/// disk copes with it: a snapshot that cannot be written is an event, and training continues.
/// </summary>
public sealed class S3StoreException : IOException
{
    internal S3StoreException(S3Failure failure, string message, Exception? innerException = null) : base(message, innerException) => Failure = failure;

    public S3Failure Failure { get; }
}

/// <summary>How an S3 store failed.</summary>
public enum S3Failure
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

/// <summary>Turns the SDK's exceptions into messages that say what to change.</summary>
internal static class S3Errors
{
    private const string Permissions =
        "s3:GetObject, s3:PutObject, s3:DeleteObject, s3:ListBucket, s3:AbortMultipartUpload and s3:ListBucketMultipartUploads";

    private static readonly HashSet<string> DeniedCodes =
        ["AccessDenied", "AllAccessDisabled", "ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch"];

    private static readonly HashSet<string> RegionCodes = ["AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect", "TemporaryRedirect"];

    /// <summary>Whether an exception comes from the server or the connection, and not from a mistake in this code or a cancellation.</summary>
    public static bool IsOfTheStore(Exception error) => error is AmazonServiceException or AmazonClientException or HttpRequestException or TimeoutException
        || (error is IOException && error is not (S3StoreException or FileNotFoundException or BlobReplacedException));

    /// <summary>Whether the server said that there is no such object or upload, or did not say which of bucket and object is missing.</summary>
    public static bool IsNotFound(AmazonS3Exception error) => error.StatusCode == HttpStatusCode.NotFound && error.ErrorCode != "NoSuchBucket";

    /// <summary>Whether the server does not know an operation, as some that speak S3 do not.</summary>
    public static bool IsNotImplemented(AmazonS3Exception error) => error.StatusCode is HttpStatusCode.NotImplemented or HttpStatusCode.MethodNotAllowed;

    /// <summary>The exception that says what to change.</summary>
    public static S3StoreException Explain(Exception error, S3Address address)
    {
        var server = address.Endpoint?.GetLeftPart(UriPartial.Authority) ?? "Amazon S3";
        var (failure, what) = error switch
        {
            AmazonServiceException { ErrorCode: "NoSuchBucket" } =>
                (S3Failure.BucketMissing, $"no bucket {address.Bucket} at {server}; create it or correct the name"),
            AmazonServiceException service when RegionCodes.Contains(service.ErrorCode ?? "") || service.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect =>
                (S3Failure.RegionWrong, $"the bucket is in another region ({service.Message}); add region=NAME to the address, or set AWS_REGION"),
            AmazonServiceException service when DeniedCodes.Contains(service.ErrorCode ?? "") || service.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized =>
                (S3Failure.AccessDenied,
                    $"{server} denied access ({(string.IsNullOrEmpty(service.ErrorCode) ? service.StatusCode.ToString() : service.ErrorCode)}); check the credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a role) and whether they allow {Permissions}"),
            AmazonServiceException { StatusCode: not 0 } service => (S3Failure.Other, $"{server} answered {(int)service.StatusCode} {service.ErrorCode}: {service.Message}"),
            _ => (S3Failure.Unreachable, $"cannot reach {server} ({Innermost(error)}); check the endpoint in the address, the network, and whether the server is running"),
        };
        return new(failure, $"{address}: {what}", error);
    }

    private static string Innermost(Exception error) => error.GetBaseException().Message;
}
