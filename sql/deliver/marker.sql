-- delivery.marker: the identity of the folder that posted last.

-- name: read
select * from delivery.marker;

-- name: put
merge into delivery.marker as marker

using (

    select
        $marker_id as marker_id,
        $inode as inode,
        $born as born,
        $load_no as load_no,
        $run_id as run_id,
        $host as host,
        $folder as folder,
        $at::timestamptz as posted_at

) as posted
    on true

when matched then
    update by name

when not matched then
    insert by name;

-- name: set
update delivery.marker set load_no = $load_no;
