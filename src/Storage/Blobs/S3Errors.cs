using System.Net;
using Amazon.Runtime;
using Amazon.S3;

namespace Atelier.Storage.Blobs;

/// <summary>Tells a person what the SDK's exceptions mean for their store.</summary>
internal static class S3Errors
{
    private const string Permissions =
        "s3:GetObject, s3:PutObject, s3:DeleteObject, s3:ListBucket, s3:AbortMultipartUpload and s3:ListBucketMultipartUploads";

    private static readonly HashSet<string> DeniedCodes =
        ["AccessDenied", "AllAccessDisabled", "ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch"];

    private static readonly HashSet<string> RegionCodes = ["AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect", "TemporaryRedirect"];

    /// <summary>Whether an exception is the server's or the way's to it, and not a mistake of this code or a cancellation.</summary>
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
        var (trouble, what) = error switch
        {
            AmazonServiceException { ErrorCode: "NoSuchBucket" } =>
                (S3Trouble.BucketMissing, $"there is no bucket {address.Bucket} at {server}; create it or correct its name"),
            AmazonServiceException service when RegionCodes.Contains(service.ErrorCode ?? "") || service.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect =>
                (S3Trouble.RegionWrong, $"the bucket lies in another region ({service.Message}); add region=NAME to the address or set AWS_REGION"),
            AmazonServiceException service when DeniedCodes.Contains(service.ErrorCode ?? "") || service.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized =>
                (S3Trouble.AccessDenied,
                    $"{server} denied access ({(string.IsNullOrEmpty(service.ErrorCode) ? service.StatusCode.ToString() : service.ErrorCode)}); check the credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a role) and that they allow {Permissions} here"),
            AmazonServiceException { StatusCode: not 0 } service => (S3Trouble.Other, $"{server} answered {(int)service.StatusCode} {service.ErrorCode}: {service.Message}"),
            AmazonClientException client when Speaks(client, "credential") =>
                (S3Trouble.CredentialsMissing, "no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile by AWS_PROFILE"),
            AmazonClientException client when Speaks(client, "RegionEndpoint") => (S3Trouble.RegionWrong, "no region is set; add region=NAME to the address or set AWS_REGION"),
            _ => (S3Trouble.Unreachable, $"{server} cannot be reached ({Innermost(error)}); check the endpoint in the address, the network, and that the server runs"),
        };
        return new(trouble, $"{address}: {what}", error);
    }

    private static bool Speaks(Exception error, string word) => error.Message.Contains(word, StringComparison.OrdinalIgnoreCase);

    private static string Innermost(Exception error) => error.GetBaseException().Message;
}
