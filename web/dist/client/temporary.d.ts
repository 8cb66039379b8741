export declare function isTemporary(uri: string): boolean;
